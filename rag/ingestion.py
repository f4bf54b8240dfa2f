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
from gateway.models import Purpose
from rag import queueing
from rag.chunking import Parent, chunk
from rag.embedding import embed, index_in_use
from rag.exceptions import IngestionError, LeaseLost, ModelRefused, ModelUnavailable
from rag.indexing import BATCH, ROWS, passages, store_vectors
from rag.languages import CONFIGURATIONS, configuration
from rag.models import Chunk, Document, DocumentQuerySet, DocumentText, EmbeddingIndex, IndexedDocument
from rag.parsers.parsed import Parsed
from rag.parsing import parse

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)

COUNT_TERMS = """
    INSERT INTO rag_posting (chunk_id, collection_id, term, frequency)
    SELECT chunk.id, chunk.collection_id, word.lexeme, cardinality(word.positions)
    FROM rag_chunk chunk, unnest(to_tsvector(chunk.config::regconfig, chunk.heading || ' ' || chunk.text)) word
    WHERE chunk.document_id = %s AND length(word.lexeme) <= 255
"""
SUM_TERMS = """
    UPDATE rag_chunk SET term_count = counted.terms
    FROM (
        SELECT posting.chunk_id, sum(posting.frequency) AS terms
        FROM rag_posting posting JOIN rag_chunk chunk ON chunk.id = posting.chunk_id
        WHERE chunk.document_id = %s GROUP BY posting.chunk_id
    ) counted
    WHERE rag_chunk.id = counted.chunk_id
"""


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
    parsed.language = await asyncio.to_thread(_language, parsed.text)
    parents = await asyncio.to_thread(chunk, parsed.text, parsed.headings, parsed.page_starts)
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
    texts = passages(chunks)
    await in_database(_progress, document, done=0, total=len(texts), status=Document.Status.EMBEDDING)
    vectors: list[HalfVector] = []
    for first in range(0, len(texts), BATCH):
        vectors += await embed(Caller(user), texts[first : first + BATCH], Purpose.INGESTION, index)
        await in_database(_progress, document, done=len(vectors))
    return vectors


def store(
    document: Document, parsed: Parsed, chunks: list[Chunk], vectors: list[HalfVector], index: EmbeddingIndex
) -> None:
    """Replace all that was read out of a document, in one transaction, if it is still ours."""
    with transaction.atomic():
        if not _ours(document).lock():
            raise LeaseLost
        document.refresh_from_db(fields=["collection"])  # it may have been moved meanwhile
        Chunk.objects.filter(document=document).delete()
        IndexedDocument.objects.filter(document=document).delete()
        DocumentText.objects.update_or_create(
            document=document, defaults={"text": parsed.text, "page_starts": parsed.page_starts}
        )
        for chunk in chunks:
            chunk.collection_id = document.collection_id
        chunks = Chunk.objects.bulk_create(chunks, batch_size=ROWS)
        store_vectors(document, chunks, vectors, index)
        with connection.cursor() as cursor:
            cursor.execute(COUNT_TERMS, [document.pk])
            cursor.execute(SUM_TERMS, [document.pk])
        _ours(document).update(status=Document.Status.READY, language=parsed.language, done=len(vectors))


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
