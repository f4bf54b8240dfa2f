"""`origin_middleware` lets what is logged and recorded say where it comes from.
`session_middleware` notes that a session is used, and leads who must have a second factor to setting one up, and who
has not agreed to the privacy notice to that.
`preferences_middleware` lets a signed-in person's language win over the browser's.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext as _

from accounts import factors, notices, origin, sessions
from accounts.signing_in import wants_json

Handler = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


@contextmanager
def _from(request: HttpRequest) -> Iterator[None]:
    here, known = origin.request.set(request), origin.request_id.set(origin.new_id())
    try:
        yield
    finally:
        origin.request.reset(here)
        origin.request_id.reset(known)


@sync_and_async_middleware
def origin_middleware(get_response: Handler) -> Handler:
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            with _from(request):
                response: HttpResponse = await get_response(request)
                return response

        return middleware

    def sync_middleware(request: HttpRequest) -> HttpResponse:
        with _from(request):
            return get_response(request)  # type: ignore[return-value]

    return sync_middleware


@sync_and_async_middleware
def session_middleware(get_response: Handler) -> Handler:
    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            elsewhere = None
            if settings.SESSION_COOKIE_NAME in request.COOKIES:
                elsewhere = await sync_to_async(_led_elsewhere)(request)
            response: HttpResponse = elsewhere or await get_response(request)
            return response

        return middleware

    def sync_middleware(request: HttpRequest) -> HttpResponse:
        return _led_elsewhere(request) or get_response(request)  # type: ignore[return-value]

    return sync_middleware


def _led_elsewhere(request: HttpRequest) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return None
    sessions.note_use(request)
    if factors.is_missing(request.user, request.session):
        return _led_to_a_factor(request)
    if notices.is_due(request.user) and not _is_on_the_way(request.path, "notice", "account_logout"):
        return _led(request, "notice", "notice_not_agreed", _("Please read the privacy notice first."))
    return None


def _led_to_a_factor(request: HttpRequest) -> HttpResponse | None:
    if _is_on_the_way(request.path, "mfa_index", "account_reauthenticate", "account_logout"):
        request.factor_missing = True  # type: ignore[attr-defined]  # the pages there say why, and show nothing else
        return None
    return _led(request, "mfa_index", "second_factor_missing", _("Please set up a second factor first."))


def _led(request: HttpRequest, to: str, code: str, text: str) -> HttpResponse:
    return JsonResponse({"error": code, "message": text}, status=403) if wants_json(request) else redirect(to)


def _is_on_the_way(path: str, *pages: str) -> bool:
    """The product's API tells scripts by itself, as it tells them everything."""
    return path.startswith((*(reverse(page) for page in pages), settings.STATIC_URL, "/api/v1/"))


@sync_and_async_middleware
def preferences_middleware(get_response: Handler) -> Handler:
    def apply(request: HttpRequest, language: str) -> None:
        if language in dict(settings.LANGUAGES):
            translation.activate(language)
            request.LANGUAGE_CODE = language

    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            if settings.SESSION_COOKIE_NAME in request.COOKIES:
                apply(request, getattr(await request.auser(), "language", ""))
            response: HttpResponse = await get_response(request)
            return response

        return middleware

    def sync_middleware(request: HttpRequest) -> HttpResponse:
        apply(request, getattr(request.user, "language", ""))
        return get_response(request)  # type: ignore[return-value]

    return sync_middleware
