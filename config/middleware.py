"""The panel gets the content policy that its own scripts need; every other page keeps the strict one."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware

Handler = Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


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
