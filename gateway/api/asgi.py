"""The application under /v1."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from gateway import metrics, tracing
from gateway.api import endpoints
from gateway.api.authentication import authenticated
from gateway.api.errors import refusal
from gateway.api.http import Answer, Headers, Receive, Request, Scope, Send
from gateway.exceptions import GatewayError, MethodNotAllowed, NotFound, RequestTooLarge, RequestTooSlow

Endpoint = Callable[[Request], Awaitable[Answer]]

PREFIX = "/v1"
BODY_WITHIN = 60.0  # seconds
ROUTES: dict[str, tuple[str, Endpoint]] = {
    "/models": ("GET", endpoints.models),
    "/chat/completions": ("POST", endpoints.chat_completions),
    "/completions": ("POST", endpoints.text_completions),
    "/embeddings": ("POST", endpoints.create_embeddings),
    "/rerank": ("POST", endpoints.rerank),
}
ROUTES_BELOW: dict[str, tuple[str, Endpoint]] = {"/models/": ("GET", endpoints.model)}

logger = logging.getLogger(__name__)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    own: Headers = {"x-request-id": f"req_{uuid.uuid4().hex}"}
    tracing.arrived(own["x-request-id"], headers)
    with _language(headers.get("accept-language")):
        began = time.monotonic()
        watch = _Watch(receive)
        try:
            answer = await _answered(scope, headers, own, watch)
            metrics.answered(_known(scope["path"]), answer.status)
            own["openai-processing-ms"] = str(round((time.monotonic() - began) * 1000))
            await _send(answer, own, send)
        except asyncio.CancelledError:
            if not watch.is_gone:
                raise
        finally:
            watch.end()


async def _answered(scope: Scope, headers: Headers, own: Headers, watch: "_Watch") -> Answer:
    path = scope["path"].removeprefix(PREFIX)
    try:
        method, endpoint = _route(path)
        caller = await authenticated(headers.get("authorization", ""))
        if scope["method"] != method:
            own["allow"] = method
            raise MethodNotAllowed
        body = await watch.body(headers.get("content-length", ""), settings.API_MAX_BYTES)
        return await endpoint(Request(method, path, headers, body, caller, own))
    except GatewayError as error:
        return refusal(error)
    except Exception:  # a client that speaks JSON is told in JSON
        logger.exception("Request %s failed", own["x-request-id"])
        return refusal(GatewayError())


def _route(path: str) -> tuple[str, Endpoint]:
    if path in ROUTES:
        return ROUTES[path]
    for above, route in ROUTES_BELOW.items():
        if path.startswith(above) and path != above:
            return route
    raise NotFound


def _known(path: str) -> str:
    """Callers may make up as many addresses as they like; metrics may not."""
    return path if path.removeprefix(PREFIX) in ROUTES else "other"


def _language(accepted: str | None) -> contextlib.AbstractContextManager[object]:
    """Of the error texts; most clients ask for none."""
    for code, _ in parse_accept_lang_header(accepted.lower()) if accepted else ():
        with contextlib.suppress(LookupError):
            return translation.override(translation.get_supported_language_variant(code))
    return contextlib.nullcontext()


async def _send(answer: Answer, own: Headers, send: Send) -> None:
    headers = {"content-type": answer.content_type, **answer.headers, **own}
    if answer.events is None:
        headers["content-length"] = str(len(answer.body))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    if answer.events is not None:
        async with contextlib.aclosing(answer.events) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": answer.body})


class _Watch:
    """Reads the request, then looks whether the other side is still there: its leaving cancels the work."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.is_gone = False
        self.task: asyncio.Task[None] | None = None

    async def body(self, stated: str, longest: int) -> bytes:
        if stated.isdigit() and int(stated) > longest:
            raise RequestTooLarge
        pieces, size, more = [], 0, True
        try:
            async with asyncio.timeout(BODY_WITHIN):
                while more:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        self.is_gone = True
                        raise asyncio.CancelledError
                    pieces.append(message.get("body", b""))
                    size, more = size + len(pieces[-1]), message.get("more_body", False)
                    if size > longest:
                        raise RequestTooLarge
        except TimeoutError:
            raise RequestTooSlow from None
        self.task = asyncio.create_task(self._look(asyncio.current_task()))
        return b"".join(pieces)

    async def _look(self, work: "asyncio.Task[None] | None") -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True
        if work:
            work.cancel()

    def end(self) -> None:
        if self.task:
            self.task.cancel()
