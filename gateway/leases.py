"""Keeping what a call holds: its place in line and its holds last only while its process says that it lives.

One task of an event loop speaks for all calls of that loop, and hears who of them is admitted.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import psycopg

from gateway import fresh, ledger
from gateway.exceptions import BooksUnavailable
from gateway.metering import Meter

RENEWAL = 10.0  # seconds; a lease is for 30, in line for 10 (sql/ledger.sql)
LOOK = 1.0
SERVER_AFTER = 3  # looks; a loop that lives as long is a server's and no job's

logger = logging.getLogger(__name__)
_leases: dict[asyncio.AbstractEventLoop, "Leases"] = {}


@dataclass
class Place:
    """In line: how many are served before, this one included, and how many seconds that likely takes."""

    place: int
    seconds: float


@dataclass
class Waiting:
    admitted: asyncio.Future[int]
    tell: Callable[[Place], None]


class Kept(Protocol):
    """A call, as far as it is looked after here."""

    meter: Meter

    async def check(self) -> None:
        """Asked each second: may its caller still?"""

    def lost(self) -> None:
        """It has been settled as one whose process is gone."""


@dataclass
class Leases:
    calls: dict[UUID, Kept] = field(default_factory=dict)
    running: set[UUID] = field(default_factory=set)
    waiting: dict[UUID, Waiting] = field(default_factory=dict)
    renewed: float = field(default_factory=time.monotonic)
    looking: asyncio.Task[None] | None = None
    watching: asyncio.Task[None] | None = None
    listening: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.looking = asyncio.create_task(self._look())
        self.watching = asyncio.create_task(self._watch())

    @property
    def is_over(self) -> bool:
        return self.looking is None or self.looking.done()

    async def _watch(self) -> None:
        """Apart from the look after leases, which must not wait for a database that is slow to say who may what."""
        while True:
            await asyncio.sleep(LOOK)
            for call in [*self.calls.values()]:  # one by one: most know the answer, and a task each would cost more
                try:
                    await call.check()
                except Exception:  # whatever is wrong with one call, the others are watched
                    logger.exception("Whether a call may go on could not be found out")

    async def admission(self, call_id: UUID, first: Place, tell: Callable[[Place], None]) -> int:
        """Wait in line; returns the deployment that is free now."""
        self.waiting[call_id] = waiting = Waiting(asyncio.get_running_loop().create_future(), tell)
        self.listen()
        tell(first)
        try:
            return await waiting.admitted
        finally:
            del self.waiting[call_id]

    def listen(self) -> None:
        if self.listening is None or self.listening.done():
            self.listening = asyncio.create_task(self._listen())

    async def _look(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK)
            looks += 1
            if looks == SERVER_AFTER:
                self.listen()
            due = time.monotonic() - self.renewed >= RENEWAL
            if due:
                self.renewed = time.monotonic()
            calls = [*self.waiting, *(self.running if due else ())]
            for outcome in await asyncio.gather(*map(self._renew, calls), return_exceptions=True):
                if isinstance(outcome, Exception):  # whatever is wrong with one call, the others are kept
                    logger.error("The lease of a call could not be renewed", exc_info=outcome)

    async def _renew(self, call_id: UUID) -> None:
        call, waiting = self.calls.get(call_id), self.waiting.get(call_id)
        entry = {"op": "renew", "id": str(call_id), "output_tokens": call.meter.relayed_tokens if call else 0}
        try:
            found = await ledger.book(entry)
        except (BooksUnavailable, psycopg.Error):
            logger.warning("The lease of a call could not be renewed; trying again.")
            return
        if found is None and call and call_id in self.running:  # still: it may have ended meanwhile
            call.lost()
        if waiting and not waiting.admitted.done():
            if found is None:  # swept while the database was away
                waiting.admitted.set_exception(BooksUnavailable())
            elif found["state"] == "admitted":
                waiting.admitted.set_result(found["deployment"])
            else:
                waiting.tell(Place(found["place"], found["seconds"]))

    async def _listen(self) -> None:
        """Hear of admissions and changes at once; without this they are found a second or two later."""
        while True:
            try:
                await self._listen_while_there()
            except (psycopg.OperationalError, TimeoutError):
                await asyncio.sleep(LOOK)

    async def _listen_while_there(self) -> None:
        async with await ledger.connect() as database:
            await database.execute("LISTEN gateway_admitted; LISTEN gateway_changed")
            fresh.listening(is_told=True)  # of whatever was missed
            while True:
                async for notification in database.notifies(timeout=LOOK):
                    self._hear(notification)
                async with asyncio.timeout(LOOK):
                    await database.execute("SELECT")  # is it there still?
                fresh.listening()

    def _hear(self, notification: psycopg.Notify) -> None:
        if notification.channel == "gateway_changed":
            fresh.listening(is_told=True)
            return
        call_id, deployment = notification.payload.split(" ")
        waiting = self.waiting.get(UUID(call_id))
        if waiting and not waiting.admitted.done():
            waiting.admitted.set_result(int(deployment))


def of_this_loop() -> Leases:
    loop = asyncio.get_running_loop()
    if loop not in _leases or _leases[loop].is_over:
        for ended in [other for other in _leases if other.is_closed()]:
            del _leases[ended]
        _leases[loop] = Leases()
        _leases[loop].begin()
    return _leases[loop]
