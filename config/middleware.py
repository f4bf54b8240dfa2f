"""`connection_middleware` keeps readers who take their time from holding a connection to the database.
`HoldMiddleware` says why what is under a legal hold was not deleted, wherever somebody tried.
`panel_policy_middleware` gives the panel the content policy that its own scripts need; other pages keep the strict one.
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

import accounts.exceptions
import chat.exceptions
import rag.exceptions
from accounts.signing_in import wants_json
from gateway.database import give_back

ON_HOLD = (accounts.exceptions.OnHold, chat.exceptions.OnHold, rag.exceptions.OnHold)
Handler = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


@sync_and_async_middleware
def connection_middleware(get_response: Handler) -> Handler:
    """Django itself gives it back when the response is closed: after its last byte was sent."""

    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            response: HttpResponse = await get_response(request)
            await sync_to_async(give_back)()
            return response

        return middleware

    def sync_middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        give_back()
        return response  # type: ignore[return-value]

    return sync_middleware


@sync_and_async_middleware
def panel_policy_middleware(get_response: Handler) -> Handler:
    def widen(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.path.startswith(reverse("admin:index")):
            response._csp_update = settings.PANEL_CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]  # django-csp's
        return response

    if iscoroutinefunction(get_response):

        async def middleware(request: HttpRequest) -> HttpResponse:
            return widen(request, await get_response(request))

        return middleware

    def sync_middleware(request: HttpRequest) -> HttpResponse:
        return widen(request, get_response(request))  # type: ignore[arg-type]

    return sync_middleware


class HoldMiddleware(MiddlewareMixin):
    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, IntegrityError) and "under a legal hold" in str(exception):  # the database's own word
            exception = rag.exceptions.OnHold()
        if not isinstance(exception, ON_HOLD):
            return None
        if wants_json(request):
            return JsonResponse({"error": exception.code, "message": str(exception)}, status=exception.status)
        return render(request, "on_hold.html", {"why": exception}, status=exception.status)
