"""A document into another collection, with all that was read out of it, so that its rights change at one moment."""

from django.db import IntegrityError, transaction

from rag.exceptions import AlreadyThere
from rag.models import Chunk, Collection, Document, Posting, Vector


def move(document: Document, collection: Collection) -> None:
    """Raises AlreadyThere. Who calls it has checked that the person may edit both collections."""
    try:
        with transaction.atomic():
            if not Document.objects.filter(pk=document.pk).lock():  # a worker that stores just now ends first
                raise Document.DoesNotExist
            Document.objects.filter(pk=document.pk).update(collection=collection)
            for kind in (Vector, Posting):
                kind.objects.filter(chunk__document=document).update(collection=collection)
            Chunk.objects.filter(document=document).update(collection=collection)
    except IntegrityError:
        raise AlreadyThere from None
    document.collection = collection
