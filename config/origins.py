"""A socket opens for our own pages only. Browsers tell a socket's origin truthfully and let any page open one.

Neither does a page elsewhere reach /mcp, be it by a name of its own that it made to lead here.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Coroutine[Any, Any, None]]


def same_origin(application: Application) -> Application:
    async def guarded(scope: Scope, receive: Any, send: Any) -> None:
        chosen = application if _is_ours(scope) else WebsocketDenier()
        await chosen(scope, receive, send)

    return guarded


def named_as_ours(application: Application) -> Application:
    """For clients that are no browsers, and tell no origin."""

    async def guarded(scope: Scope, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        if not _is_name_of_ours(headers.get(b"host", b"").decode("latin1")):
            await _refuse(421, send)
        elif b"origin" in headers and not _is_ours(scope):
            await _refuse(403, send)
        else:
            await application(scope, receive, send)

    return guarded


def _is_ours(scope: Scope) -> bool:
    """By the rule that Django's CSRF check has for forms: whichever of our names the page was called by."""
    headers = {name: value.decode("latin1") for name, value in scope["headers"]}
    origin, host = headers.get(b"origin"), headers.get(b"host", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    scheme = "https" if scope.get("scheme") in ("wss", "https") else "http"
    return origin == f"{scheme}://{host}" and _is_name_of_ours(host)


def _is_name_of_ours(host: str) -> bool:
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


async def _refuse(status: int, send: Any) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
