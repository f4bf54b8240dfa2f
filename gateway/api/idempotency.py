"""Idempotency-Key under /v1. An upload that is repeated is simply a second one."""

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
    answer = None
    try:
        answer = await endpoint(request)
    finally:
        if answer is None:
            await claim.forget()
    if answer.events is not None:
        answer.events = _recorded(answer.events, claim)
    else:
        await claim.keep(_written(answer.content_type, answer.body))
    return answer


async def _recorded(events: AsyncGenerator[bytes, None], claim: Claim) -> AsyncGenerator[bytes, None]:
    pieces, size, is_whole = [], 0, False
    try:
        async for event in events:
            size += len(event)
            if size <= LONGEST:
                pieces.append(event)
            yield event
        is_whole = size <= LONGEST
    finally:
        await events.aclose()
        if not is_whole:
            await claim.forget()
    if is_whole:
        await claim.keep(_written("text/event-stream", b"".join(pieces)))


def _written(content_type: str, body: bytes) -> str:
    return json.dumps([content_type, body.decode()])


def _told_again(kept: str) -> Answer:
    content_type, body = json.loads(kept)
    return Answer(body=body.encode(), content_type=content_type, headers={"x-voliere-repeated": "true"})
