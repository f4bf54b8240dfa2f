"""The wire to an upstream. Whatever goes wrong on it leaves here as a GatewayError that tells a caller no address.

Events are handed on as the bytes they came as: nothing is written anew. Time is taken for a
whole event or answer, so a server that sends a byte now and then is no exception.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, NamedTuple

import aiohttp

from gateway import connections, exceptions
from gateway.connections import Headers
from gateway.models import Upstream
from gateway.refusals import refusal

LARGE = 100_000  # bytes of an answer that is read in a thread
LONGEST_EVENT = 4 * 2**20  # bytes
LONGEST_ANSWER = 256 * 2**20  # bytes: 2,048 vectors written out in digits are 90 MB
TICK = 0.5  # seconds
LAST_WORDS = 1.0  # seconds for the end of a stream after its last event

logger = logging.getLogger(__name__)


class Reply(NamedTuple):
    content_type: str
    raw: bytes


async def fetch(
    upstream: Upstream, path: str, body: dict[str, Any] | aiohttp.FormData, headers: Headers | None = None
) -> Reply:
    """One question, and the answer as the bytes that it is."""
    async with _understood(upstream):
        return await _fetched(upstream, path, body, headers)


async def post(upstream: Upstream, path: str, body: dict[str, Any], headers: Headers | None = None) -> dict[str, Any]:
    """One question, one answer."""
    async with _understood(upstream):
        answer = await parsed((await _fetched(upstream, path, body, headers)).raw)
        if not isinstance(answer, dict):
            raise exceptions.UpstreamBroken
        return answer


async def _fetched(
    upstream: Upstream, path: str, body: dict[str, Any] | aiohttp.FormData, headers: Headers | None
) -> Reply:
    async with asyncio.timeout(upstream.total_timeout):
        response = await _ask(upstream, path, body, headers)
        async with response:
            return Reply(response.content_type, await _read(response))


async def stream(
    upstream: Upstream,
    path: str,
    body: dict[str, Any],
    headers: Headers | None = None,
    revoked: Callable[[], Exception | None] = lambda: None,
) -> AsyncGenerator[bytes, None]:
    """The data of each event of a stream, after an empty one that says: it has begun, and not with an error.

    Leaving early closes the connection, which stops the upstream. As soon as there is what `revoked` returns, it is
    raised.
    """
    clock = asyncio.get_running_loop().time
    end, limit = clock() + upstream.total_timeout, float(upstream.first_token_timeout)
    async with _understood(upstream):
        async with asyncio.timeout(limit):
            response = await _ask(upstream, path, body, headers)
        source = _Source(response.content, end, revoked)
        try:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise exceptions.UpstreamBroken
            raw = source.buffered() or await source.next(min(clock() + limit, end))
            content_of(raw or b"")
            yield b""
            limit = upstream.between_tokens_timeout
            while raw is not None and raw != b"[DONE]":
                yield raw
                raw = source.buffered() or await source.next(min(clock() + limit, end))
            await _finish(response)
        finally:
            source.close()
            response.close()


class _Source:
    """The data of each server-sent event. One clock looks now and then whether it is waited for too long: a time-out
    for each event costs more than all the rest of it."""

    def __init__(self, stream: aiohttp.StreamReader, end: float, revoked: Callable[[], Exception | None]) -> None:
        self.stream = stream
        self.revoked = revoked
        self.end = end  # of the whole answer, however much comes
        self.buffer = b""
        self.until: float | None = None  # while it is waited for
        self.loop = asyncio.get_running_loop()
        self.clock = self.loop.call_later(TICK, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        if error := self.revoked():
            self.buffer = b""
            self.stream.set_exception(error)
        elif now >= self.end or (self.until is not None and now >= self.until):
            self.stream.set_exception(TimeoutError())
        else:
            self.clock = self.loop.call_later(TICK, self._look)

    def close(self) -> None:
        self.clock.cancel()

    def buffered(self) -> bytes | None:
        while (end := self.buffer.find(b"\n\n")) >= 0:
            event, self.buffer = self.buffer[:end], self.buffer[end + 2 :]
            if (data := _data(event)) is not None:
                return data
        return None

    async def next(self, until: float) -> bytes | None:
        """None at the end; raises TimeoutError some moments after `until`, by the loop's clock."""
        while True:
            self.until = until
            more = await self.stream.readany()
            self.until = None
            if not more:
                left, self.buffer = self.buffer, b""
                return _data(left)
            self.buffer += more
            if b"\r" in self.buffer:
                self.buffer = self.buffer.replace(b"\r\n", b"\n")
            if (data := self.buffered()) is not None:
                return data
            if len(self.buffer) > LONGEST_EVENT:
                raise exceptions.UpstreamBroken


def _data(event: bytes) -> bytes | None:
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
    return b" ".join(lines) if lines else None  # an event goes on in one line; to JSON both are space


def content_of(raw: bytes) -> dict[str, Any]:
    """What an event says; raises UpstreamError when it says that something is wrong, or nothing."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise exceptions.UpstreamBroken from error
    if not isinstance(content, dict):
        raise exceptions.UpstreamBroken
    if content.get("error"):
        raise refusal(500, content)
    return content


async def _finish(response: aiohttp.ClientResponse) -> None:
    """Read to the end, so that the connection can be used again."""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(LAST_WORDS):
            await response.content.readany()
            response.release()


async def _ask(
    upstream: Upstream, path: str, body: dict[str, Any] | aiohttp.FormData, further: Headers | None
) -> aiohttp.ClientResponse:
    headers = {"accept-encoding": "identity"} | (further or {})
    if upstream.api_key:
        headers["authorization"] = f"Bearer {upstream.api_key}"
    data: bytes | aiohttp.FormData = body if isinstance(body, aiohttp.FormData) else json.dumps(body).encode()
    if isinstance(data, bytes):
        headers["content-type"] = "application/json"
    response = await connections.post(upstream, path, data, headers)
    if response.status != 200:
        try:
            raise refusal(response.status, await _refusal_of(response))
        finally:
            response.close()
    return response


async def _refusal_of(response: aiohttp.ClientResponse) -> Any:
    """What it says, as far as it comes: a refusal is one without a word, too."""
    raw = b""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(LAST_WORDS):
            while len(raw) < LARGE and (more := await response.content.readany()):
                raw += more
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(raw)
    return None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > LONGEST_ANSWER:
            raise exceptions.UpstreamBroken
        pieces.append(piece)
    return b"".join(pieces)


async def parsed(raw: bytes) -> Any:
    if len(raw) < LARGE:
        return json.loads(raw)
    # one long call would keep the event loop waiting even from a thread; with a hook it is interrupted at each object
    return await asyncio.to_thread(json.loads, raw, object_hook=lambda found: found)


@contextlib.asynccontextmanager
async def _understood(upstream: Upstream) -> AsyncIterator[None]:
    try:
        yield
    except exceptions.UpstreamError as error:
        logger.warning("Upstream %s: %s", upstream.name, error.code)
        raise
    except TimeoutError as error:
        unreachable = isinstance(error, aiohttp.ConnectionTimeoutError)
        logger.warning("Upstream %s took too long%s.", upstream.name, " to connect" if unreachable else "")
        raise exceptions.UpstreamUnreachable if unreachable else exceptions.UpstreamTimeout from error
    except aiohttp.ClientConnectorError as error:
        logger.warning("Upstream %s: %s", upstream.name, type(error).__name__)
        raise exceptions.UpstreamUnreachable from error
    except (ValueError, RecursionError, aiohttp.ClientError) as error:
        logger.warning("Upstream %s sent something unreadable: %s", upstream.name, type(error).__name__)
        raise exceptions.UpstreamBroken from error
