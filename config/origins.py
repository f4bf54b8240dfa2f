"""A socket opens for our own pages only. Browsers tell a socket's origin truthfully and let any page open one."""

from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


def same_origin(application: Application) -> Application:
    async def guarded(scope: Scope, receive: Any, send: Any) -> None:
        chosen = application if _is_ours(scope) else WebsocketDenier()
        await chosen(scope, receive, send)

    return guarded


def _is_ours(scope: Scope) -> bool:
    """By the rule that Django's CSRF check has for forms: whichever of our names the page was called by."""
    headers = {name: value.decode("latin1") for name, value in scope["headers"]}
    origin, host = headers.get(b"origin"), headers.get(b"host", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    return origin == f"{scheme}://{host}" and validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
