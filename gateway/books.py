"""The one statement of the ledger, over a connection of its own and by the functions of libpq themselves.

It is prepared once, and the event loop is told once to watch the connection. A cursor, which is made for any statement
at any time, does both anew and takes three times as long.
"""

import asyncio
from types import TracebackType
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

BOOK = b"SELECT gateway_book($1::jsonb, $2)"
NAME = b"book"
GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Books:
    """For one question at a time; nobody else uses the connection. Errors are those of psycopg."""

    answered: asyncio.Future[PGresult]

    def __init__(self, database: psycopg.AsyncConnection[Any]) -> None:
        self.wire, self.socket = database.pgconn, database.fileno()
        self.loop = asyncio.get_running_loop()
        self.results: list[PGresult] = []
        self.free = asyncio.Event()  # to take more of a question
        self.is_watched = False

    async def __aenter__(self) -> "Books":
        self.loop.add_reader(self.socket, self._read)
        self.is_watched = True
        self.wire.send_prepare(NAME, BOOK)
        await self._answer()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        """Once: libpq closes a connection that fails, and then its number is soon another's."""
        if self.is_watched:
            self.is_watched = False
            self.loop.remove_reader(self.socket)
            self.loop.remove_writer(self.socket)
            self.free.set()

    async def book(self, entries: bytes, zone: bytes) -> bytes:
        """What becomes of a list of entries, both in JSON."""
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
            self._leave()
            if not self.answered.done():
                self.answered.set_exception(error)

    def _end(self) -> None:
        """Of an answer, if it was one: a server mentions this and that unasked."""
        if self.results and not self.answered.done():
            self.answered.set_result(self.results[0])
        self.results.clear()
