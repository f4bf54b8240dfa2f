"""From a queued document to passages that can be found.

A worker claims the row, holds it by a lease it renews, and stores everything at the end in one short transaction. So
whoever is killed leaves nothing behind, and the next attempt arrives at the identical chunks.
"""

import asyncio
import logging
import uuid
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from pgvector import HalfVector

from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Deployment, Purpose
from rag import queueing
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
BATCH = 32  # children a call
ROWS = 500  # a statement

COUNT_TERMS = "SELECT rag_count_terms(%s)"  # sql/terms.sql


async def ingest(document_id: uuid.UUID) -> None:
    """Read, embed and store one document. Does nothing where another worker has it or nothing is to be done."""
    document = await in_database(_claimed, document_id)
    if document is None:
        return
    heartbeat = asyncio.create_task(_keep_lease(document))
    try:
        await _read_and_store(document)
    except LeaseLost:
        logger.info("document %s was taken over or deleted", document.id)
    except ModelUnavailable as error:
        logger.warning("document %s waits for the embedding model", document.id)
        await in_database(_postpone_or_fail, document, error)
    except IngestionError as error:
        await in_database(_fail, document, error)
    finally:
        heartbeat.cancel()


async def _read_and_store(document: Document) -> None:
    parsed = await parse(document.file, document.media_type)
    parents = await asyncio.to_thread(chunk, parsed.text, parsed.headings, parsed.page_starts, parsed.tables)
    deployment = await default_deployment()
    vectors = await embedded(document, parsed.text, parents, deployment)
    await in_database(store, document, parsed, parents, vectors, deployment)


async def embedded(document: Document, text: str, parents: list[Parent], deployment: Deployment) -> list[HalfVector]:
    user = document.uploaded_by or document.collection.owner
    if user is None:
        raise ModelRefused
    texts = child_texts(text, parents)
    await in_database(_progress, document, done=0, total=len(texts), status=Document.Status.EMBEDDING)
    vectors: list[HalfVector] = []
    for first in range(0, len(texts), BATCH):
        vectors += await embed(Caller(user), texts[first : first + BATCH], Purpose.INGESTION, deployment)
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
        if not _ours(document).lock():
            raise LeaseLost
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
        _ours(document).update(
            status=Document.Status.READY,
            language=parsed.language,
            left_out=parsed.scans,
            left_out_because=parsed.scans_because,
            done=len(vectors),
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
        status=Document.Status.PARSING, attempts=F("attempts") + 1, lease_until=now + LEASE, done=0, total=0
    )
    found = Document.objects.select_related("collection__owner", "uploaded_by").filter(pk=document_id)
    return found.first() if claimed else None


def _ours(document: Document) -> DocumentQuerySet:
    return Document.objects.unfinished().filter(pk=document.pk, attempts=document.attempts)


def _progress(document: Document, **fields: Any) -> None:
    if not _ours(document).update(lease_until=timezone.now() + LEASE, **fields):
        raise LeaseLost


async def _keep_lease(document: Document) -> None:
    """A long wait for the model is no reason to lose the document. Ends when it is no longer ours."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        try:
            await in_database(_progress, document)
        except LeaseLost:
            return
        except OperationalError:
            logger.warning("the lease of document %s could not be renewed; trying again", document.id)


def _fail(document: Document, error: IngestionError) -> None:
    _ours(document).update(status=Document.Status.FAILED, error=error.code)


def _postpone_or_fail(document: Document, error: IngestionError) -> None:
    if document.attempts < queueing.MAX_ATTEMPTS:
        queueing.postpone(document.pk, document.attempts)
    else:
        _fail(document, error)
