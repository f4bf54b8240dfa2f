"""One answer for an Idempotency-Key: who sends the same request again within a day gets it without a second run.

Answers are content, so they are kept where what may be lost is kept, encrypted, and not in the database. Without Redis,
or with an answer longer than `LONGEST`, a repeated request is simply a second one.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts.encryption import decrypted, encrypted
from gateway.callers import Caller
from gateway.exceptions import KeyInUse

KEPT = 24 * 3600  # seconds
UNDER_WAY = 1800  # seconds after which a call that was never ended is forgotten
LONGEST = 2**20  # bytes


@dataclass(frozen=True)
class Claim:
    """A request's hold on its key, until its answer is kept or forgotten."""

    place: str
    digest: str
    known: str | None = None  # what was answered before

    async def keep(self, answer: str) -> None:
        if len(answer) > LONGEST:
            await self.forget()
            return
        await asyncio.to_thread(cache.set, self.place, {"request": self.digest, "answer": encrypted(answer)}, KEPT)

    async def forget(self) -> None:
        """It failed or was left: the next one is a first one."""
        await asyncio.to_thread(cache.delete, self.place)


async def claim(caller: Caller, address: str, key: str, body: bytes) -> Claim:
    """Raises KeyInUse: by another request, or by this one that is still under way."""
    digest = hashlib.sha256(f"{caller.identity} {address} {key}".encode()).hexdigest()
    place = f"idempotency:{caller.user.pk}:{digest}"  # by person, so that an erasure finds them
    digest = hashlib.sha256(body).hexdigest()
    if await asyncio.to_thread(cache.add, place, {"request": digest}, UNDER_WAY):
        return Claim(place, digest)
    known: dict[str, Any] = await asyncio.to_thread(cache.get, place) or {}
    if known.get("request", digest) != digest:
        raise KeyInUse
    if "answer" in known:
        return Claim(place, digest, decrypted(known["answer"]))
    if known:
        raise KeyInUse(_("The first request with this Idempotency-Key is still under way."), retry_after=2)
    return Claim(place, digest)
