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

from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Deployment, Purpose
from rag import queueing, versions
from rag.chunking import Parent, chunk
from rag.embedding import default_deployment, embed
from rag.exceptions import IngestionError, LeaseLost, ModelRefused, ModelUnavailable
from rag.headings import below_headings
from rag.languages import configuration
from rag.models import LABEL_LENGTH, Chunk, Document, DocumentQuerySet, DocumentText, Vector
from rag.parsers.parsed import Parsed
from rag.parsing import parse

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
LOOK_EVERY = 1.0  # seconds: whether the document is still ours
BATCH = 32  # children a call
ROWS = 500  # a statement

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

    parsed = await parse(document.file, document.media_type, tell)
    parents = await asyncio.to_thread(chunk, parsed.text, parsed.headings, parsed.page_starts, parsed.tables)
    deployment = await default_deployment()
    vectors = await embedded(document, parsed.text, parents, deployment)
    await in_database(store, document, parsed, parents, vectors, deployment)


async def embedded(document: Document, text: str, parents: list[Parent], deployment: Deployment) -> list[HalfVector]:
    user = document.uploaded_by or document.collection.owner
    if user is None:
        raise ModelRefused
    caller = Caller(user, keeps_in_house=document.collection.is_confidential)
    texts = child_texts(text, parents)
    await in_database(_progress, document, done=0, total=len(texts), status=Document.Status.EMBEDDING)
    vectors: list[HalfVector] = []
    for first in range(0, len(texts), BATCH):
        vectors += await embed(caller, texts[first : first + BATCH], Purpose.INGESTION, deployment)
        await in_database(_progress, document, done=len(vectors))
    return vectors


def child_texts(text: str, parents: list[Parent]) -> list[str]:
    """What is embedded: each child below its heading, which often names what the sentence only refers to."""
    return [f"{parent.heading}\n{text[start:end]}".strip() for parent in parents for start, end in parent.children]


def store(
    document: Document, parsed: Parsed, parents: list[Parent], vectors: list[HalfVector], deployment: Deployment
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
        content = {
            "text": parsed.text,
            "page_starts": parsed.page_starts,
            "page_kind": parsed.page_kind,
            "page_labels": [label[:LABEL_LENGTH] for label in parsed.page_labels],
        }
        DocumentText.objects.update_or_create(document=document, defaults=content)
        chunks = Chunk.objects.bulk_create(_chunks(document, parsed, parents), batch_size=ROWS)
        Vector.objects.bulk_create(_vectors(chunks, parsed.text, parents, vectors, deployment), batch_size=ROWS)
        with connection.cursor() as cursor:
            cursor.execute(COUNT_TERMS, [document.pk])
        Document.objects.filter(pk=document.pk).update(
            status=Document.Status.READY,
            error="",
            left_out=parsed.scans,
            left_out_because=parsed.scans_because,
        )


def _chunks(document: Document, parsed: Parsed, parents: list[Parent]) -> list[Chunk]:
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
            config=config,
        )
        for parent in parents
    ]


def _vectors(
    chunks: list[Chunk], text: str, parents: list[Parent], vectors: list[HalfVector], deployment: Deployment
) -> list[Vector]:
    """What a vector points to is shown as the answer, hence without the headings it was embedded with."""
    children = [
        (chunk, below_headings(text, span))
        for chunk, parent in zip(chunks, parents, strict=True)
        for span in parent.children
    ]
    return [
        Vector(
            chunk=chunk,
            collection_id=chunk.collection_id,
            start=start,
            end=end,
            model=deployment.model,
            embedding=vector,
        )
        for (chunk, (start, end)), vector in zip(children, vectors, strict=True)
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
    _ours(document).update(status=Document.Status.FAILED, error=error.code)


def _postpone_or_fail(document: Document, error: IngestionError) -> None:
    if document.attempts < queueing.MAX_ATTEMPTS:
        queueing.postpone(document)
    else:
        _fail(document, error)
