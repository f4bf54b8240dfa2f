"""Whatever is cancelled ends within seconds, in the middle of whatever is being done."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from accounts.models import User
from config.running import processes
from gateway.database import in_database
from rag import queueing
from rag.ingestion import ingest
from rag.models import Collection, Document
from rag.parsers import progress
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import GARDEN, pdf, uploaded
from tests.rag.test_ingestion import LONG, ingested
from tests.rag.test_kill import wait_until

MANY_PAGES = 1_500


@pytest.fixture
def document(embedder: FakeUpstream, collection: Collection, alice: User) -> Document:
    return accept(alice, collection, uploaded(LONG))


@pytest.fixture
def long_one(embedder: FakeUpstream, collection: Collection, alice: User) -> Document:
    return accept(alice, collection, uploaded(pdf([f"{GARDEN}\n" * 30] * MANY_PAGES), "long.pdf"))


def cancel(document: Document) -> int:
    return queueing.cancel(Document.objects.filter(pk=document.pk))


def parsers_of(pid: int) -> list[processes.Process]:
    return [process for process in processes.family([pid]) if "rag.parsers" in process.command]


def has_pages(document: Document) -> bool:
    document.refresh_from_db()
    return document.status == Document.Status.PARSING and 0 < document.done < document.total == MANY_PAGES


def test_pages_are_counted_and_a_cancelled_parser_is_killed(long_one: Document) -> None:
    async def scenario() -> float:
        work = asyncio.create_task(ingest(long_one.pk))
        await in_database(wait_until, lambda: has_pages(long_one))
        assert parsers_of(os.getpid())
        began = time.monotonic()
        await in_database(cancel, long_one)
        await work
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 5
    long_one.refresh_from_db()
    assert (long_one.status, long_one.progress) == (Document.Status.CANCELLED, "")
    assert not parsers_of(os.getpid())


def test_a_cancelled_wait_for_the_model_ends(document: Document, embedder: FakeUpstream) -> None:
    embedder.hang()

    async def scenario() -> None:
        work = asyncio.create_task(ingest(document.pk))
        await asyncio.to_thread(embedder.wait_for, lambda upstream: upstream.calls, 60)
        await in_database(cancel, document)
        await asyncio.wait_for(work, 10)

    asyncio.run(scenario())
    document.refresh_from_db()
    assert (document.status, document.chunks.count()) == (Document.Status.CANCELLED, 0)


def test_what_waits_is_cancelled_and_read_when_tried_again(document: Document) -> None:
    assert cancel(document) == 1
    assert ingested(document).status == Document.Status.CANCELLED
    queueing.retry(document)
    assert ingested(document).status == Document.Status.READY


def test_a_document_that_was_read_before_stays_as_it_was(document: Document) -> None:
    ingested(document)
    Document.objects.requeue()
    cancel(document)
    document.refresh_from_db()
    assert document.status == Document.Status.READY


def test_a_cancelled_worker_cannot_come_back(document: Document) -> None:
    """Not even where the document was tried again meanwhile: each claim is one of its own."""
    Document.objects.update(status="embedding", attempts=1, claim=document.pk)
    overtaken = Document.objects.get()
    cancel(document)
    queueing.retry(document)
    ingested(document)
    queueing.postpone(overtaken)
    document.refresh_from_db()
    assert (document.status, document.attempts) == (Document.Status.READY, 1)


def test_all_that_failed_or_were_cancelled_are_tried_again(document: Document, alice: User) -> None:
    others = [accept(alice, document.collection, uploaded(f"text {n}")) for n in range(3)]
    Document.objects.filter(pk=others[0].pk).update(status="failed", error="no_text")
    Document.objects.filter(pk=others[1].pk).update(status="cancelled")
    Document.objects.filter(pk=others[2].pk).update(status="ready")
    assert queueing.retry_all(Document.objects.all()) == 2
    assert set(Document.objects.values_list("status", flat=True)) == {"queued", "ready"}


@pytest.mark.parametrize("line", [b"", b"1", b"x y", b"3 \xc2\xb2", b"-1 4", b"9" * 5_000])
def test_nothing_that_a_parser_writes_is_believed(tmp_path: Path, line: bytes) -> None:
    (tmp_path / progress.NAME).write_bytes(line)
    assert progress.read(tmp_path) is None


def test_more_pages_than_there_are_count_as_all(tmp_path: Path) -> None:
    (tmp_path / progress.NAME).write_text("9 4")
    assert progress.read(tmp_path) == (4, 4)
