"""One answer for an Idempotency-Key: who sends the same request again within a day gets it without a second run.

Answers are content, so they are kept where what may be lost is kept, encrypted, and not in the database. Without Redis
a repeated request is simply a second one.
"""

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts.encryption import decrypted, encrypted
from gateway.callers import Caller
from gateway.exceptions import AnswerNotKept, KeyInUse

KEPT = 24 * 3600  # seconds
UNDER_WAY = 60  # seconds for which a process speaks for a call under way before it has to say so again
RENEWAL = 15.0
LONGEST = 2**20  # characters of an answer that may be kept


@dataclass
class Claim:
    """A request's hold on its key, until its answer is kept, spent or forgotten, or its process is gone."""

    place: str
    digest: str
    known: str | None = None  # what was answered before
    over: asyncio.Event = field(default_factory=asyncio.Event)
    renewal: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.renewal = asyncio.create_task(self._renew())

    async def keep(self, answer: str) -> None:
        await asyncio.shield(self._end({"request": self.digest, "answer": encrypted(answer)}))

    async def spend(self) -> None:
        """It was run, and nobody can say what it answered: it is not run again."""
        await asyncio.shield(self._end({"request": self.digest, "is_spent": True}))

    async def forget(self) -> None:
        """It failed or was left: the next one is a first one."""
        await asyncio.shield(self._end(None))

    async def _renew(self) -> None:
        """However long the call stands in line, moves and is answered: an end of its own would let in a second one."""
        while True:
            try:
                async with asyncio.timeout(RENEWAL):
                    await self.over.wait()
                return
            except TimeoutError:
                await asyncio.to_thread(cache.touch, self.place, UNDER_WAY)

    async def _end(self, kept: dict[str, Any] | None) -> None:
        """Not by cancelling: a renewal under way would come after what is kept, and shorten its time."""
        self.over.set()
        if self.renewal:
            await self.renewal
        if kept:
            await asyncio.to_thread(cache.set, self.place, kept, KEPT)
        else:
            await asyncio.to_thread(cache.delete, self.place)


async def claim(caller: Caller, address: str, key: str, body: bytes) -> Claim:
    """Raises KeyInUse: by another request, or by this one that is still under way; and AnswerNotKept."""
    digest = hashlib.sha256(f"{caller.identity} {address} {key}".encode()).hexdigest()
    place = f"idempotency:{caller.user.pk}:{digest}"  # by person, so that an erasure finds them
    digest = hashlib.sha256(body).hexdigest()
    if await asyncio.to_thread(cache.add, place, {"request": digest}, UNDER_WAY):
        claimed = Claim(place, digest)
        claimed.begin()
        return claimed
    known: dict[str, Any] = await asyncio.to_thread(cache.get, place) or {}
    if known.get("request", digest) != digest:
        raise KeyInUse
    if "answer" in known:
        return Claim(place, digest, decrypted(known["answer"]))
    if "is_spent" in known:
        raise AnswerNotKept
    if known:
        raise KeyInUse(_("The first request with this Idempotency-Key is still under way."), retry_after=2)
    return Claim(place, digest)
