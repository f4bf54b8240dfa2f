"""How large a request may be. Django writes every body to the disk before a view sees it, however long it is."""

import io
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils import translation

from accounts.rest import problems
from gateway.exceptions import RequestTooLarge
from rag.exceptions import FileTooLarge

# under /api/v1 an address is called by the first operation it has
UPLOADS = ("rag:upload", "chat:attach", "chat:project-attach", "chat:import", "api:list_documents", "api:list_files",
           "api:list_project_files", "api:import")  # fmt: skip
AROUND_A_FILE = 2**19  # bytes of the form that carries it; docker/Caddyfile lets a little more pass

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Coroutine[Any, Any, None]]


def below(prefix: str, application: Application, *, otherwise: Application) -> Application:
    def by_path(scope: dict[str, Any], receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        return (application if scope["path"].startswith(prefix) else otherwise)(scope, receive, send)

    return by_path


def limited(application: Application) -> Application:
    """Refuses by the stated length at once, and by what really arrives as soon as it is too much."""

    async def guarded(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        limit, arrived = _limit(scope["path"]), 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            # to the application it looks as if the caller had left
            return message if arrived <= limit else {"type": "http.disconnect"}

        if _stated_length(scope) <= limit:
            await application(scope, counted, send)
            if arrived <= limit:
                return
        await _answer(_refused(scope), send)

    return guarded


def _is_upload(path: str) -> bool:
    try:
        return resolve(path).view_name in UPLOADS
    except Resolver404:
        return False


def _limit(path: str) -> int:
    return settings.UPLOAD_MAX_BYTES + AROUND_A_FILE if _is_upload(path) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def _stated_length(scope: dict[str, Any]) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"")
    return int(value) if value.isdigit() else 0


def _refused(scope: dict[str, Any]) -> HttpResponse:
    """For a script of our pages, or for a person."""
    error = FileTooLarge(settings.UPLOAD_MAX_BYTES) if _is_upload(scope["path"]) else RequestTooLarge()
    request = ASGIRequest(scope, io.BytesIO())
    with translation.override(translation.get_language_from_request(request)):
        if scope["path"].startswith("/api/v1/"):
            return problems.response(error)
        if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
            return JsonResponse({"error": error.code, "message": str(error)}, status=413)
        return HttpResponse(f"{error}\n", status=413, content_type="text/plain; charset=utf-8")


async def _answer(response: HttpResponse, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
