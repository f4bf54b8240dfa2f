"""The way to the books: entries for `gateway_book` (sql/ledger.sql), which says what they are.

Entries that come up at once in one event loop go to the database together, over one connection of their own: a
thousand calls cost few transactions, and nobody takes a connection from the pages. Every wait is for an answer of the
database; nothing here lasts longer than that.
"""

import asyncio
import json
import logging
import time
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, connections
from psycopg.abc import PQGen

from gateway.books import Books, opened
from gateway.exceptions import BooksUnavailable

Entry = dict[str, Any]
Result = dict[str, Any] | None
Waiting = tuple[Entry, asyncio.Future[Result], float]  # since when, by the monotonic clock

AT_ONCE = 64
UNDISTURBED = 3600.0  # seconds
PATIENCE = 60.0  # seconds in which a database that restarts gets what a call consumed

# a database that falls silent, as behind a firewall that forgot the connection, is given up within these
PATIENCE_OF_WIRE: dict[str, Any] = {
    "connect_timeout": 10,  # seconds
    "tcp_user_timeout": 15_000,  # milliseconds
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

logger = logging.getLogger(__name__)
_ledgers: dict[asyncio.AbstractEventLoop, "Ledger"] = {}


async def book(entry: Entry) -> Result:
    """Make the entry; raises BooksUnavailable when the database is away."""
    loop = asyncio.get_running_loop()
    ledger = _ledgers.get(loop)
    if ledger is None or ledger.is_closed:
        for ended in [other for other in _ledgers if other.is_closed()]:
            del _ledgers[ended]  # a job's own loop is gone with the job
        ledger = _ledgers[loop] = Ledger(loop)
    return await ledger.book(entry)


def book_now(entries: list[Entry]) -> list[Result]:
    """The same for code that is not async, over Django's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gateway_book(%s::jsonb, %s)", [json.dumps(entries), settings.TIME_ZONE])
        results: list[Result] = json.loads(cursor.fetchone()[0])
        return results


class Connection(psycopg.AsyncConnection[Any]):
    async def wait(self, gen: PQGen[Any], interval: float = UNDISTURBED, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """Without looking ten times a second for an interrupt: that comes through the event loop."""
        return await super().wait(gen, interval, timeout)


async def connect() -> Connection:
    parameters = connections["default"].get_connection_params()
    djangos = ("cursor_factory", "context", "prepare_threshold")
    own = {name: value for name, value in parameters.items() if name not in djangos}
    return await Connection.connect(**own, **PATIENCE_OF_WIRE, autocommit=True)


class Ledger:
    """Of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: list[Waiting] = []
        self.wanted = asyncio.Event()
        self.writer = loop.create_task(self._write())

    @property
    def is_closed(self) -> bool:
        return self.writer.done()

    async def book(self, entry: Entry) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.waiting.append((entry, future, time.monotonic()))
        self.wanted.set()
        return await future

    async def _write(self) -> None:
        try:
            while True:
                await self._write_while_there()
        except psycopg.Error:  # as while its function is being replaced; the next call tries anew
            logger.exception("The ledger could not go on")
        finally:  # at the end of the loop, or of what nobody thought of
            for _, future, _ in self.waiting:
                if not future.done():
                    future.set_exception(BooksUnavailable())

    async def _write_while_there(self) -> None:
        try:
            async with await connect() as database, opened(database) as books:
                await self._serve(books)
        except psycopg.OperationalError as error:
            logger.warning("The ledger lost its database: %s", type(error).__name__)
            self._give_up()
            await asyncio.sleep(0.5)

    async def _serve(self, books: Books) -> None:
        while True:
            await self.wanted.wait()
            batch = self.waiting[:AT_ONCE]
            try:
                await self._book(books, batch)
            except psycopg.OperationalError:
                raise
            except psycopg.Error:  # one of them is at fault: each by itself, so that the others are not
                for single in batch:
                    await self._alone(books, single)
            del self.waiting[: len(batch)]
            if not self.waiting:
                self.wanted.clear()

    async def _alone(self, books: Books, single: Waiting) -> None:
        try:
            await self._book(books, [single])
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            logger.exception("The ledger refused an entry")
            if not single[1].done():
                single[1].set_exception(error)

    async def _book(self, books: Books, batch: list[Waiting]) -> None:
        batch = sorted(batch, key=lambda waiting: waiting[0]["op"] == "settle")  # they are answered last
        entries = json.dumps([entry for entry, _, _ in batch])
        results = json.loads(await books.book(entries.encode(), settings.TIME_ZONE.encode()))
        for (_, future, _), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    def _give_up(self) -> None:
        """Without a database nothing can be promised any more; what was consumed is kept for its return."""
        kept = []
        for entry, future, since in self.waiting:
            if entry["op"] == "settle" and time.monotonic() - since < PATIENCE:
                kept.append((entry, future, since))
            elif not future.done():
                future.set_exception(BooksUnavailable())
        self.waiting = kept
        self.wanted.set() if kept else self.wanted.clear()
