"""Documents move to another collection with all that was read out of them, at once."""

import uuid
from collections.abc import Collection as Ids

from django.db import connection, transaction

from accounts.models import User
from rag.exceptions import AlreadyThere, MayNotLeave, RagError
from rag.models import Chunk, Collection, Document, Vector

POSTINGS = """
    UPDATE rag_posting SET collection_id = %s
    FROM rag_chunk WHERE rag_chunk.id = rag_posting.chunk_id AND rag_chunk.document_id = %s
"""


def move(user: User, documents: Ids[uuid.UUID], source: Collection, target: Collection) -> list[tuple[str, RagError]]:
    """Moves those that can be; returns the names of the others with the reasons.

    Both collections are ones that the user may edit. What is confidential leaves only with one who manages it.
    """
    refused: list[tuple[str, RagError]] = []
    is_manager = Collection.objects.managed_by(user).filter(pk=source.pk).exists()
    may_leave = is_manager or target.is_confidential or not source.is_confidential
    found = Document.objects.current().filter(collection=source, pk__in=documents)
    for document in found.order_by("pk"):
        try:
            if not may_leave:
                raise MayNotLeave
            _move(document, target)
        except RagError as error:
            refused.append((document.name, error))
    return refused


@transaction.atomic
def _move(document: Document, target: Collection) -> None:
    """A worker that is storing at this moment is waited for; one that stores later looks where the document is."""
    both = Document.objects.filter(pk=document.pk) | Document.objects.filter(replaces=document.pk)
    both.lock()
    Collection.objects.select_for_update(no_key=True).get(pk=target.pk)  # or the same content arrives meanwhile
    if Document.objects.filter(collection=target, sha256__in=both.values("sha256")).exists():
        raise AlreadyThere
    both.update(collection=target)
    chunks = Chunk.objects.filter(document=document)
    Vector.objects.filter(chunk__in=chunks).update(collection=target)
    with connection.cursor() as cursor:
        cursor.execute(POSTINGS, [target.pk, document.pk])
    chunks.update(collection=target)
