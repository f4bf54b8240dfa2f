"""From a queued document to passages that can be found.

A worker claims the row, holds it by a lease it renews, and stores everything at the end in one short transaction. So
whoever is killed leaves nothing behind, and the next attempt arrives at the identical chunks. What is claimed by
another, cancelled or deleted is let go within a second or two, in the middle of whatever is being done.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from pgvector import HalfVector

from gateway import outbox
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Event, Purpose
from rag import queueing, versions
from rag.chunking import Parent, chunk
from rag.embedding import awaken, embed, index_in_use
from rag.exceptions import IngestionError, LeaseLost, ModelAsleep, ModelRefused, ModelUnavailable
from rag.indexing import BATCH, ROWS, passages, store_vectors
from rag.languages import CONFIGURATIONS, configuration
from rag.models import (
    LABEL_LENGTH,
    Chunk,
    Document,
    DocumentQuerySet,
    DocumentText,
    EmbeddingIndex,
    IndexedDocument,
)
from rag.parsers.parsed import Parsed
from rag.parsing import parse

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
LOOK_EVERY = 1.0  # seconds: whether the document is still ours

COUNT_TERMS = "SELECT rag_count_terms(%s)"  # sql/terms.sql


async def ingest(document_id: uuid.UUID) -> None:
    """Read, embed and store one document. Does nothing where another worker has it or nothing is to be done."""
    document = await in_database(_claimed, document_id)
    if document is None:
        return
    try:
        await _while_it_is_ours(document, _read_and_store(document))
    except LeaseLost:
        logger.info("document %s was taken over, cancelled or deleted", document.id)
    except ModelUnavailable as error:
        logger.warning("document %s waits for the embedding model", document.id)
        await in_database(_postpone_or_fail, document, error)
    except IngestionError as error:
        await in_database(_fail, document, error)


async def _while_it_is_ours(document: Document, work: Coroutine[Any, Any, None]) -> None:
    """Raises LeaseLost as soon as it is not; by then the work has ended, and with it the process that parses."""
    tasks = {asyncio.create_task(work), asyncio.create_task(_keep_lease(document))}
    try:
        done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


async def _read_and_store(document: Document) -> None:
    async def tell(done: int, total: int) -> None:
        await in_database(_progress, document, done=done, total=total)

    await awaken(await in_database(index_in_use))  # while the file is read
    parsed = await parse(document.file, document.media_type, tell)
    parsed.language = await asyncio.to_thread(_language, parsed.text)
    parents = await asyncio.to_thread(chunk, parsed.text, parsed.headings, parsed.page_starts, parsed.tables)
    chunks = chunks_of(document, parsed, parents)
    index = await in_database(index_in_use)
    vectors = await embedded(document, chunks, index)
    await in_database(store, document, parsed, chunks, vectors, index)


def _language(text: str) -> str:
    """Here and not where files are read: to load what knows languages takes longer than most of these do."""
    from rag.parsers.language import detected

    return detected(text, list(CONFIGURATIONS))


async def embedded(document: Document, chunks: list[Chunk], index: EmbeddingIndex) -> list[HalfVector]:
    user = document.uploaded_by or document.collection.owner
    if user is None:
        raise ModelRefused
    caller = Caller(user, keeps_in_house=document.collection.is_confidential)
    texts = passages(chunks)
    await in_database(_progress, document, done=0, total=len(texts), status=Document.Status.EMBEDDING)
    vectors: list[HalfVector] = []
    for first in range(0, len(texts), BATCH):
        vectors += await embed(caller, texts[first : first + BATCH], Purpose.INGESTION, index)
        await in_database(_progress, document, done=len(vectors))
    return vectors


def store(
    document: Document, parsed: Parsed, chunks: list[Chunk], vectors: list[HalfVector], index: EmbeddingIndex
) -> None:
    """Replace all that was read out of a document, in one transaction, if it is still ours."""
    with transaction.atomic():
        replaced = versions.locked(document)
        if not _ours(document).lock():
            raise LeaseLost
        _progress(document, language=parsed.language, done=len(vectors), total=len(vectors))
        if replaced:
            document = versions.take_over(replaced, document)
        document.refresh_from_db(fields=["collection"])  # it may have been moved meanwhile
        Chunk.objects.filter(document=document).delete()
        IndexedDocument.objects.filter(document=document).delete()
        content = {
            "text": parsed.text,
            "page_starts": parsed.page_starts,
            "page_kind": parsed.page_kind,
            "page_labels": [label[:LABEL_LENGTH] for label in parsed.page_labels],
        }
        DocumentText.objects.update_or_create(document=document, defaults=content)
        for each in chunks:
            each.document, each.collection_id = document, document.collection_id
        chunks = Chunk.objects.bulk_create(chunks, batch_size=ROWS)
        store_vectors(document, chunks, vectors, index)
        with connection.cursor() as cursor:
            cursor.execute(COUNT_TERMS, [document.pk])
        Document.objects.filter(pk=document.pk).update(
            status=Document.Status.READY,
            error="",
            left_out=parsed.scans,
            left_out_because=parsed.scans_because,
        )
        outbox.tell(document.uploaded_by, Event.DOCUMENT_READY, document.pk)


def chunks_of(document: Document, parsed: Parsed, parents: list[Parent]) -> list[Chunk]:
    config = configuration(parsed.language)
    return [
        Chunk(
            document=document,
            collection_id=document.collection_id,
            start=parent.start,
            end=parent.end,
            page=parent.page,
            heading=parent.heading,
            text=parsed.text[parent.start : parent.end],
            parts=[list(span) for span in parent.children],
            config=config,
        )
        for parent in parents
    ]


def _claimed(document_id: uuid.UUID) -> Document | None:
    """One conditional update, so of two workers only one gets it."""
    now = timezone.now()
    is_free = Q(status=Document.Status.QUEUED) | Q(status__in=Document.UNFINISHED, lease_until__lt=now)
    claimed = Document.objects.filter(is_free, pk=document_id).update(
        status=Document.Status.PARSING,
        attempts=F("attempts") + 1,
        claim=uuid.uuid4(),
        lease_until=now + LEASE,
        done=0,
        total=0,
    )
    found = Document.objects.select_related("collection__owner", "uploaded_by").filter(pk=document_id)
    return found.first() if claimed else None


def _ours(document: Document) -> DocumentQuerySet:
    return Document.objects.unfinished().filter(pk=document.pk, claim=document.claim)


def _progress(document: Document, **fields: Any) -> None:
    if not _ours(document).update(lease_until=timezone.now() + LEASE, **fields):
        raise LeaseLost


def _check(document: Document) -> None:
    if not _ours(document).exists():
        raise LeaseLost


async def _keep_lease(document: Document) -> None:
    """A long wait for the model is no reason to lose the document. Raises LeaseLost when it is no longer ours."""
    renewed = time.monotonic()
    while True:
        await asyncio.sleep(min(LOOK_EVERY, LEASE.total_seconds() / 3))
        is_due = time.monotonic() - renewed > LEASE.total_seconds() / 3
        try:
            await in_database(_progress if is_due else _check, document)
            renewed = time.monotonic() if is_due else renewed
        except OperationalError:
            logger.warning("the lease of document %s could not be renewed; trying again", document.id)


def _fail(document: Document, error: IngestionError) -> None:
    with transaction.atomic():
        if _ours(document).update(status=Document.Status.FAILED, error=error.code):
            outbox.tell(document.uploaded_by, Event.DOCUMENT_FAILED, document.pk)


def _postpone_or_fail(document: Document, error: IngestionError) -> None:
    if isinstance(error, ModelAsleep):
        queueing.let_sleep(document)
    elif document.attempts < queueing.MAX_ATTEMPTS:
        queueing.postpone(document)
    else:
        _fail(document, error)
