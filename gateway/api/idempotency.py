"""One answer for an Idempotency-Key: who sends the same request again within a day gets it without a second call.

Answers are content, so they are kept where what may be lost is kept, encrypted, and not in the database. Without Redis,
with an answer longer than `LONGEST`, or for an upload a repeated request is simply a second one.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts.encryption import decrypted, encrypted
from gateway.api.http import Answer, Endpoint, Request
from gateway.exceptions import KeyInUse

KEPT = 24 * 3600  # seconds
UNDER_WAY = 1800  # seconds after which a call that was never ended is forgotten
LONGEST = 2**20  # bytes


async def once(request: Request, endpoint: Endpoint, key: str) -> Answer:
    """The endpoint's answer, or the one that it gave before; raises KeyInUse."""
    place = _place(request, key)
    request_digest = hashlib.sha256(request.body).hexdigest()
    if not await asyncio.to_thread(cache.add, place, {"request": request_digest}, UNDER_WAY):
        known: dict[str, Any] = await asyncio.to_thread(cache.get, place) or {}
        if known.get("request", request_digest) != request_digest:
            raise KeyInUse
        if "answer" in known:
            return _told_again(decrypted(known["answer"]))
        if known:
            raise KeyInUse(_("The first request with this Idempotency-Key is still under way."), retry_after=2)
    answer = None
    try:
        answer = await endpoint(request)
    finally:
        if answer is None:
            await asyncio.to_thread(cache.delete, place)  # it failed or was left: the next one is a first one
    if answer.events is not None:
        answer.events = _recorded(answer.events, place, request_digest)
    else:
        await _keep(place, request_digest, answer.content_type, answer.body)
    return answer


def _place(request: Request, key: str) -> str:
    caller = request.caller.identity
    digest = hashlib.sha256(f"{caller} {request.path} {key}".encode()).hexdigest()
    return f"idempotency:{request.caller.user.pk}:{digest}"  # by person, so that an erasure finds them


async def _recorded(events: AsyncGenerator[bytes, None], place: str, digest: str) -> AsyncGenerator[bytes, None]:
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
            await asyncio.to_thread(cache.delete, place)
    if is_whole:
        await _keep(place, digest, "text/event-stream", b"".join(pieces))


async def _keep(place: str, digest: str, content_type: str, body: bytes) -> None:
    if len(body) > LONGEST:
        await asyncio.to_thread(cache.delete, place)
        return
    answer = encrypted(json.dumps([content_type, body.decode()]))
    await asyncio.to_thread(cache.set, place, {"request": digest, "answer": answer}, KEPT)


def _told_again(kept: str) -> Answer:
    content_type, body = json.loads(kept)
    return Answer(body=body.encode(), content_type=content_type, headers={"x-voliere-repeated": "true"})
