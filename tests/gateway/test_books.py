"""The ledger's own connection: asked for too much at once, wrongly, and after its server has gone."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from gateway import ledger
from gateway.books import Books, opened
from gateway.exceptions import BooksUnavailable

GONE = {"op": "renew", "id": str(uuid4()), "output_tokens": 0, "seconds": 1}  # a call that is no more

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def books() -> AsyncIterator[Books]:
    async with await ledger.connect() as database:
        await database.execute("LISTEN gossip")
        async with opened(database) as books:
            yield books


async def renewed(books: Books, **more: Any) -> Any:
    return json.loads(await books.book(json.dumps([GONE | more]).encode(), b"UTC"))


async def test_more_than_the_connection_takes_at_once_is_booked(books: Books) -> None:
    assert await renewed(books, padding="x" * 20_000_000) == [None]


async def test_after_an_error_the_next_question_is_answered(books: Books) -> None:
    with pytest.raises(psycopg.DataError):
        await books.book(b"[nonsense", b"UTC")
    assert await renewed(books) == [None]


async def test_what_the_server_mentions_is_no_answer(books: Books) -> None:
    await sync_to_async(done)("NOTIFY gossip")
    await asyncio.sleep(0.2)
    assert await renewed(books) == [None]


async def test_a_server_that_goes_is_an_error_and_no_work(books: Books) -> None:
    await sync_to_async(done)("SELECT pg_terminate_backend(%s)", books.wire.backend_pid)
    await asyncio.sleep(0.2)
    assert not books.is_watched
    with pytest.raises(psycopg.OperationalError):
        await renewed(books)


@pytest.mark.parametrize("how", [socket.SHUT_RD, socket.SHUT_RDWR])  # the first is all that a proxy may do
async def test_a_connection_that_breaks_amid_a_question_is_an_error(
    books: Books, how: int, caplog: pytest.LogCaptureFixture
) -> None:
    question = asyncio.create_task(renewed(books, padding="x" * 20_000_000))
    await asyncio.sleep(0)
    with socket.socket(fileno=os.dup(books.socket)) as ours:
        ours.shutdown(how)
    with pytest.raises(psycopg.OperationalError):
        await asyncio.wait_for(question, 10)
    del books.answered
    assert not caplog.messages  # of a future that nobody asked


async def test_nobody_waits_for_books_that_cannot_be_opened(caplog: pytest.LogCaptureFixture) -> None:
    await sync_to_async(done)("ALTER FUNCTION gateway_book(jsonb, text) RENAME TO gateway_elsewhere")
    try:
        with pytest.raises(BooksUnavailable):
            await asyncio.wait_for(ledger.book(GONE), 10)
        assert caplog.messages == ["The ledger could not go on"]
    finally:
        await sync_to_async(done)("ALTER FUNCTION gateway_elsewhere(jsonb, text) RENAME TO gateway_book")
    assert await ledger.book(GONE) is None


def done(statement: str, *about: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, about)
