"""The application under /v1, and under /mcp, of whatever routes it is composed."""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from gateway import metrics, origins, tracing
from gateway.api import idempotency
from gateway.api.authentication import authenticated
from gateway.api.errors import error_object, refusal
from gateway.api.http import Answer, Headers, Receive, Request, Scope, Send
from gateway.api.routes import Place, Route, Table
from gateway.exceptions import GatewayError, MethodNotAllowed, NotFound, RequestTooLarge, RequestTooSlow
from gateway.server_events import NEVER, event_of

PREFIX = "/v1"
READ_WITHIN = 60.0  # seconds that a caller may take for a piece of the answer
BODY_WITHIN = 60.0  # seconds
UPLOAD_WITHIN = 600.0
AROUND_A_FILE = 2**19  # bytes of the form that carries it

Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

logger = logging.getLogger(__name__)


def application(routes: Iterable[Route], prefix: str = PREFIX) -> Application:
    table = Table(routes)

    def answered(scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        place = table.find(scope["path"].removeprefix(prefix))
        return _answer(place, prefix + place.name if place.name else "other", scope, receive, send)

    return answered


async def _answer(place: Place, name: str, scope: Scope, receive: Receive, send: Send) -> None:
    """`name` is that of the address in the figures."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    own: Headers = {"x-request-id": f"req_{secrets.token_hex(16)}"}
    tracing.arrived(own["x-request-id"], headers)
    with _language(headers.get("accept-language")):
        began = time.monotonic()
        watch = _Watch(receive)
        try:
            answer = await _answered(place, scope, headers, own, watch)
            metrics.answered(name, answer.status)
            own["openai-processing-ms"] = str(round((time.monotonic() - began) * 1000))
            await _send(answer, own, send, watch)
        except asyncio.CancelledError:
            if not watch.is_gone:
                raise
        finally:
            watch.end()


async def _answered(place: Place, scope: Scope, headers: Headers, own: Headers, watch: "_Watch") -> Answer:
    try:
        if not place.routes:
            raise NotFound
        site = headers.get("origin", "")
        if scope["method"] == "OPTIONS" and origins.ASKED_FOR in headers:
            return Answer(204, headers=await origins.preflight(site))
        caller = await authenticated(headers.get("authorization", ""))
        if site:
            own |= origins.told(site, caller)
        route = place.routes.get(scope["method"])
        if route is None:
            own["allow"] = ", ".join(place.routes)
            raise MethodNotAllowed
        path = scope["path"].removeprefix(PREFIX)
        query = scope["query_string"]
        request = Request(route.method, path, headers, b"", caller, own, place.parameters, query, route.takes)
        stated = headers.get("content-length", "")
        if route.is_upload:
            request.pieces = watch.pieces(stated, settings.UPLOAD_MAX_BYTES + AROUND_A_FILE, UPLOAD_WITHIN)
            return await route.endpoint(request)
        request.body = b"".join([piece async for piece in watch.pieces(stated, settings.API_MAX_BYTES, BODY_WITHIN)])
        if route.method == "POST" and (key := headers.get("idempotency-key")):
            return await idempotency.once(request, route.endpoint, key)
        return await route.endpoint(request)
    except GatewayError as error:
        return refusal(error)
    except Exception:  # a client that speaks JSON is told in JSON
        logger.exception("Request %s failed", own["x-request-id"])
        return refusal(GatewayError())


def _language(accepted: str | None) -> contextlib.AbstractContextManager[object]:
    """Of the error texts; most clients ask for none."""
    for code, _ in parse_accept_lang_header(accepted.lower()) if accepted else ():
        with contextlib.suppress(LookupError):
            return translation.override(translation.get_supported_language_variant(code))
    return contextlib.nullcontext()


def _start(answer: Answer, own: Headers) -> dict[str, Any]:
    headers = {"content-type": answer.content_type, **answer.headers, **own}
    if answer.events is None and answer.status != 204:
        headers["content-length"] = str(len(answer.body))
    written = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": written}


async def _send(answer: Answer, own: Headers, send: Send, watch: "_Watch") -> None:
    if answer.events is None:
        await send(_start(answer, own))
        await send({"type": "http.response.body", "body": answer.body})
        return
    async with contextlib.aclosing(answer.events):
        await send(_start(answer, own))
        # a task of its own: every delta passes all functions that await it
        await asyncio.create_task(_stream(answer, answer.events, send, watch))


async def _stream(answer: Answer, events: AsyncGenerator[bytes, None], send: Send, watch: "_Watch") -> None:
    last = answer.body
    try:
        await send({"type": "http.response.body", "body": answer.first, "more_body": True})
        async for event in events:
            watch.sending_since = None
            await send({"type": "http.response.body", "body": event, "more_body": True})
            watch.sending_since = NEVER
    except Exception as error:  # whatever it was, a stream that breaks off says so
        if not isinstance(error, GatewayError):
            logger.exception("A stream failed")
            error = GatewayError()
        last = b"" if error.is_told else event_of(json.dumps(error_object(error)).encode())
    await send({"type": "http.response.body", "body": last})


class _Watch:
    """Reads the request, then looks whether the other side is still there and takes what it gets: otherwise the work is
    cancelled, and its slot is free for others."""

    __slots__ = ("clock", "is_gone", "loop", "receive", "sending_since", "task", "work")

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.loop = asyncio.get_running_loop()
        self.sending_since: float | None = NEVER  # None: it is seen at the next look
        self.clock = self.loop.call_later(READ_WITHIN / 4, self._look_at_reading)
        self.work = asyncio.current_task()
        self.is_gone = False
        self.task: asyncio.Task[None] | None = None

    async def pieces(self, stated: str, longest: int, within: float) -> AsyncGenerator[bytes, None]:
        if stated.isdigit() and int(stated) > longest:
            raise RequestTooLarge
        end, size, more = asyncio.get_running_loop().time() + within, 0, True
        while more:
            message = await self._next(end)
            piece, more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size > longest:
                raise RequestTooLarge
            if piece:
                yield piece
        self.task = asyncio.create_task(self._look())

    async def _next(self, end: float) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout_at(end):
                message = await self.receive()
        except TimeoutError:
            raise RequestTooSlow from None
        if message["type"] == "http.disconnect":
            self.is_gone = True
            raise asyncio.CancelledError
        return message

    async def _look(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _look_at_reading(self) -> None:
        now = self.loop.time()
        if self.sending_since is None:
            self.sending_since = now
        if now - self.sending_since > READ_WITHIN:
            self._leave()
        else:
            self.clock = self.loop.call_later(READ_WITHIN / 4, self._look_at_reading)

    def _leave(self) -> None:
        self.is_gone = True
        if self.work:
            self.work.cancel()

    def end(self) -> None:
        self.clock.cancel()
        if self.task:
            self.task.cancel()
