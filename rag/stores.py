"""Collections as scripts know them: stores that they put their files into, one by one or in batches."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from rag import queueing
from rag.exceptions import CollectionNotFound, FileNotFound
from rag.models import Collection, Document, FileBatch, StoredFile

Attributes = dict[str, Any]
Wanted = Mapping[uuid.UUID, Attributes | None]  # by the file's id; None leaves a document's as they are


def create(user: User, fields: dict[str, Any], files: Iterable[uuid.UUID] = ()) -> Collection:
    """With all of the files or not at all; raises FileNotFound."""
    with transaction.atomic():
        store = Collection.objects.create(owner=user, **fields)
        add(user, store, dict.fromkeys(files))
    return store


def add(user: User, store: Collection, wanted: Wanted) -> list[Document]:
    """A document for every file, in the order of `wanted`, read from now on; raises FileNotFound and adds none.

    One that is there stays: it gets the new attributes, and is read again where that had failed.
    """
    with transaction.atomic():
        if not Collection.objects.select_for_update(no_key=True).filter(pk=store.pk).first():
            raise CollectionNotFound  # it went away; others who add to it wait
        _insert(user, store, wanted)
        return _found(store, wanted)


def add_batch(user: User, store: Collection, wanted: Wanted) -> FileBatch:
    with transaction.atomic():
        documents = add(user, store, wanted)
        batch = FileBatch.objects.create(collection=store)
        batch.documents.set(documents)
    return batch


def cancel(batch: FileBatch) -> None:
    """What was read before stays."""
    queueing.cancel(Document.objects.filter(pk__in=batch.documents.values("pk")))
    FileBatch.objects.filter(pk=batch.pk, cancelled_at=None).update(cancelled_at=timezone.now())
    batch.refresh_from_db()


def remove(document: Document) -> None:
    """Out of its store; a file that a script uploaded stays its owner's."""
    document.delete()


def note_use(stores: Iterable[Collection]) -> None:
    """For those alone whose end depends on it."""
    expiring = [store.pk for store in stores if store.expires_after_days is not None]
    if expiring:
        Collection.objects.filter(pk__in=expiring).update(last_active_at=timezone.now())


def _insert(user: User, store: Collection, wanted: Wanted) -> None:
    # nobody deletes them meanwhile
    files = StoredFile.objects.of(user).select_for_update(no_key=True).order_by("pk").in_bulk(list(wanted))
    if len(files) < len(wanted):
        raise FileNotFound
    known = set(Document.objects.filter(collection=store, file_id__in=wanted).values_list("file_id", flat=True))
    new = [_document(user, store, files[file_id], wanted[file_id]) for file_id in wanted if file_id not in known]
    Document.objects.bulk_create(new, batch_size=500)
    for document in new:
        queueing.announce(document.id)


def _document(user: User, store: Collection, stored: StoredFile, attributes: Attributes | None) -> Document:
    return Document(
        collection=store,
        uploaded_by=user,
        file_id=stored.pk,
        file=stored.file.name,
        name=stored.name,
        media_type=stored.media_type,
        size=stored.size,
        sha256=stored.sha256,
        attributes=attributes or {},
    )


def _found(store: Collection, wanted: Wanted) -> list[Document]:
    there = Document.objects.current().filter(collection=store, file_id__in=wanted)
    queueing.retry_all(there)
    by_file = {document.file_id: document for document in there}
    changed = [by_file[file_id] for file_id, given in wanted.items() if given and by_file[file_id].attributes != given]
    for document in changed:
        document.attributes = wanted[document.public_file_id] or {}
    Document.objects.bulk_update(changed, ["attributes"], batch_size=500)
    return [by_file[file_id] for file_id in wanted]
