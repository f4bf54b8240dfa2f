"""Idempotency-Key under /v1. An upload that is repeated is simply a second one."""

import asyncio
import json
from collections.abc import AsyncGenerator

from gateway import idempotency
from gateway.api.http import Answer, Endpoint, Request
from gateway.idempotency import LONGEST, Claim


async def once(request: Request, endpoint: Endpoint, key: str) -> Answer:
    """The endpoint's answer, or the one that it gave before; raises KeyInUse."""
    claim = await idempotency.claim(request.caller, request.path, key, request.body)
    if claim.known is not None:
        return _told_again(claim.known)
    try:
        answer = await endpoint(request)
    except asyncio.CancelledError:  # a call of a model ends with it
        await (claim.spend() if request.is_under_way else claim.forget())
        raise
    except Exception:
        await claim.forget()
        raise
    if answer.events is not None:
        answer.events = _recorded(answer.first, answer.events, answer.body, claim)
        answer.first = await anext(answer.events)  # from here on it is closed, whatever becomes of the answer
        return answer
    written = _written(answer.content_type, answer.body)
    await (claim.keep(written) if len(written) <= LONGEST else claim.forget())
    return answer


async def _recorded(
    first: bytes, events: AsyncGenerator[bytes, None], end: bytes, claim: Claim
) -> AsyncGenerator[bytes, None]:
    """What breaks off with an error is not kept: whoever repeats it asks anew."""
    pieces, size, is_whole = [first], len(first) + len(end), False
    try:
        yield first
        async for event in events:
            size += len(event)
            if size <= LONGEST:
                pieces.append(event)
            yield event
        is_whole = size <= LONGEST
    finally:
        try:
            await events.aclose()
        finally:
            if not is_whole:
                await claim.forget()
    if is_whole:
        await claim.keep(_written("text/event-stream", b"".join([*pieces, end])))


def _written(content_type: str, body: bytes) -> str:
    return json.dumps([content_type, body.decode(errors="surrogatepass")])  # half a character, as it came


def _told_again(kept: str) -> Answer:
    content_type, body = json.loads(kept)
    body = body.encode(errors="surrogatepass")
    return Answer(body=body, content_type=content_type, headers={"x-voliere-repeated": "true"})
