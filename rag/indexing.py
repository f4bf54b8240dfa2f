"""Chunks into an index: which texts are embedded, how their vectors are stored, and what an index still lacks.

An index that is being built is filled a document at a time, each in one short transaction. So whoever is killed loses
one document's vectors, and two who work at once store each document once.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from pgvector import HalfVector

from accounts.models import User
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Purpose
from rag.embedding import embed
from rag.exceptions import ModelRefused
from rag.headings import below_headings
from rag.models import Chunk, Document, DocumentQuerySet, EmbeddingIndex, IndexedDocument, Vector

BATCH = 64  # parts a call
LEASE = timedelta(minutes=2)
ROWS = 500  # a statement


def passages(chunks: Sequence[Chunk]) -> list[str]:
    """What is embedded: each part below its heading, which often names what the sentence only refers to."""
    return [
        f"{chunk.heading}\n{chunk.text[start - chunk.start : end - chunk.start]}".strip()
        for chunk in chunks
        for start, end in chunk.parts
    ]


def store_vectors(
    document: Document, chunks: Sequence[Chunk], vectors: Sequence[HalfVector], index: EmbeddingIndex
) -> None:
    """In the caller's transaction. The row that refers to the index holds its switch off until that is committed."""
    if vectors:
        _note_dimension(index, vectors[0].dimensions())
    IndexedDocument.objects.create(document=document, index=index, vectors=len(vectors))
    Vector.objects.bulk_create(_vectors(chunks, vectors, index), batch_size=ROWS)


def _vectors(chunks: Sequence[Chunk], vectors: Sequence[HalfVector], index: EmbeddingIndex) -> list[Vector]:
    """What a vector points to is shown as the answer, hence without the headings it was embedded with."""
    parts = [(chunk, _below_headings(chunk, part)) for chunk in chunks for part in chunk.parts]
    return [
        Vector(chunk=chunk, collection_id=chunk.collection_id, index=index, start=start, end=end, embedding=embedding)
        for (chunk, (start, end)), embedding in zip(parts, vectors, strict=True)
    ]


def _below_headings(chunk: Chunk, part: Sequence[int]) -> tuple[int, int]:
    start, end = below_headings(chunk.text, (part[0] - chunk.start, part[1] - chunk.start))
    return start + chunk.start, end + chunk.start


def _note_dimension(index: EmbeddingIndex, found: int) -> None:
    if index.dimension is None:
        EmbeddingIndex.objects.filter(pk=index.pk, dimension=None).update(dimension=found)
        index.refresh_from_db(fields=["dimension"])
    if index.dimension != found:
        raise ModelRefused


# --- what an index lacks ---------------------------------------------------------------------------------------------


def lacking(index: EmbeddingIndex) -> DocumentQuerySet:
    """Documents that can be found but not by this index."""
    return Document.objects.filter(~IndexedDocument.covering(index), status=Document.Status.READY)


def renew(index: EmbeddingIndex) -> bool:
    """Whether it still is one that documents belong into."""
    return bool(EmbeddingIndex.objects.growing().filter(pk=index.pk).update(lease_until=timezone.now() + LEASE))


async def index_document(index: EmbeddingIndex, document: Document, user: User) -> None:
    """Raises IngestionError. A document that is replaced or deleted meanwhile is left to whoever did that."""
    chunks = await in_database(lambda: list(document.chunks.order_by("start")))
    texts, vectors = passages(chunks), list[HalfVector]()
    caller = Caller(user, keeps_in_house=document.collection.is_confidential)
    for first in range(0, len(texts), BATCH):
        vectors += await embed(caller, texts[first : first + BATCH], Purpose.INGESTION, index)
        await in_database(renew, index)
    await in_database(_store, index, document, chunks, vectors)


def _store(index: EmbeddingIndex, document: Document, chunks: list[Chunk], vectors: list[HalfVector]) -> None:
    with transaction.atomic():
        if not lacking(index).filter(pk=document.pk).lock():
            return
        present = {chunk.pk: chunk.collection_id for chunk in document.chunks.all()}
        if {chunk.pk for chunk in chunks} != set(present):
            return
        for chunk in chunks:
            chunk.collection_id = present[chunk.pk]
        store_vectors(document, chunks, vectors, index)
