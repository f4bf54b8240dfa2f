"""The wire to an upstream. Whatever goes wrong on it leaves here as a GatewayError that tells a caller no address.

Time is taken for a whole event or answer, so a server that sends a byte now and then is no exception.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, NamedTuple

import aiohttp

from gateway import connections, exceptions
from gateway.connections import Headers
from gateway.models import Upstream
from gateway.refusals import refusal
from gateway.requests import refuse_constant
from gateway.server_events import FAULTS, Events, data_of

LARGE = 100_000  # bytes of an answer that is read in a thread
LONGEST_ANSWER = 256 * 2**20  # bytes: 2,048 vectors written out in digits are 90 MB
LAST_WORDS = 1.0  # seconds for the reason of a refusal

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
        if answer.get("error"):  # in spite of its status, as LM Studio answers
            raise refusal(500, answer)
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
) -> Events:
    """The events of an answer that has begun, and not with an error. To close them closes the connection, which stops
    the upstream. As soon as there is what `revoked` returns, it is raised."""
    clock = asyncio.get_running_loop().time
    end, limit = clock() + upstream.total_timeout, float(upstream.first_token_timeout)
    async with _understood(upstream):
        async with asyncio.timeout(limit):
            response = await _ask(upstream, path, body, headers)
        events = Events(response, upstream.between_tokens_timeout, end, revoked, partial(_meaning, upstream))
        try:
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                raise exceptions.UpstreamBroken
            content_of(await events.first(min(clock() + limit, end)))
        except BaseException:
            events.close()
            raise
    return events


def content_of(event: bytes) -> dict[str, Any]:
    """What it says; raises UpstreamError when it says that something is wrong, or nothing."""
    try:
        content = json.loads(data_of(event), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise exceptions.UpstreamBroken from error
    if not isinstance(content, dict):
        raise exceptions.UpstreamBroken
    if content.get("error"):
        raise refusal(500, content)
    return content


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
        return json.loads(raw, parse_constant=refuse_constant)
    # one long call would keep the event loop waiting even from a thread; with a hook it is interrupted at each object
    hook = partial(json.loads, object_hook=lambda found: found, parse_constant=refuse_constant)
    return await asyncio.to_thread(hook, raw)


@contextlib.asynccontextmanager
async def _understood(upstream: Upstream) -> AsyncIterator[None]:
    try:
        yield
    except exceptions.UpstreamError as error:
        logger.warning("Upstream %s: %s%s", upstream.name, error.code, f" ({error.answered})" if error.answered else "")
        raise
    except FAULTS as error:
        raise _meaning(upstream, error) from error


def _meaning(upstream: Upstream, error: Exception) -> exceptions.UpstreamError:
    """Of one of `FAULTS`."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            logger.warning("Upstream %s took too long to connect.", upstream.name)
            return exceptions.UpstreamUnreachable()
        case TimeoutError():
            logger.warning("Upstream %s took too long.", upstream.name)
            return exceptions.UpstreamTimeout()
        case aiohttp.ClientConnectorError():
            logger.warning("Upstream %s: %s", upstream.name, type(error).__name__)
            return exceptions.UpstreamUnreachable()
    logger.warning("Upstream %s sent something unreadable: %s", upstream.name, type(error).__name__)
    return exceptions.UpstreamBroken()
