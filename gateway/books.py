"""The one statement of the ledger, over a connection of its own and by the functions of libpq themselves.

It is prepared once, and the event loop is told once to watch the connection. A cursor, which is made for any statement
at any time, does both anew and takes three times as long.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

BOOK = b"SELECT gateway_book($1::jsonb, $2)"
NAME = b"book"
GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


@contextlib.asynccontextmanager
async def opened(database: psycopg.AsyncConnection[Any]) -> AsyncIterator["Books"]:
    books = Books(database)
    try:
        await books.prepare()
        yield books
    finally:
        books.leave()


class Books:
    """For one question at a time; nobody else uses the connection. Errors are those of psycopg."""

    answered: asyncio.Future[PGresult]

    def __init__(self, database: psycopg.AsyncConnection[Any]) -> None:
        self.wire = database.pgconn
        self.socket = os.dup(database.fileno())  # libpq closes its own when it fails, and another gets that number
        self.loop = asyncio.get_running_loop()
        self.results: list[PGresult] = []
        self.free = asyncio.Event()  # to take more of a question
        self.loop.add_reader(self.socket, self._read)
        self.is_watched = True

    async def prepare(self) -> None:
        self.wire.send_prepare(NAME, BOOK)
        await self._answer()

    def leave(self) -> None:
        if self.is_watched:
            self.is_watched = False
            self.loop.remove_reader(self.socket)
            self.loop.remove_writer(self.socket)
            os.close(self.socket)
            self.free.set()

    async def book(self, entries: bytes, zone: bytes) -> bytes:
        """What becomes of a list of entries, both in JSON."""
        if not self.is_watched:
            raise psycopg.OperationalError("the connection is lost")
        self.wire.send_query_prepared(NAME, [entries, zone])
        return (await self._answer()).get_value(0, 0) or b""

    async def _answer(self) -> PGresult:
        self.answered = self.loop.create_future()
        while self.wire.flush():
            await self._writable()
        result = await self.answered
        if result.status not in GOOD:
            raise psycopg.errors.error_from_result(result)
        return result

    async def _writable(self) -> None:
        self.free.clear()
        self.loop.add_writer(self.socket, self.free.set)
        await self.free.wait()
        if self.is_watched:
            self.loop.remove_writer(self.socket)

    def _read(self) -> None:
        try:
            self.wire.consume_input()
            while not self.wire.is_busy():
                if (result := self.wire.get_result()) is None:
                    return self._end()
                self.results.append(result)
        except psycopg.Error as error:
            self.leave()
            if not self.answered.done():
                self.answered.set_exception(error)
                self.answered.exception()  # who asked may fail at sending before waiting for it

    def _end(self) -> None:
        """Of an answer, if it was one: a server mentions this and that unasked."""
        if self.results and not self.answered.done():
            self.answered.set_result(self.results[0])
        self.results.clear()
