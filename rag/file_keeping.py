"""Files of a script, before and beside being documents: kept, thrown away, forgotten when their time is over."""

import uuid
from datetime import timedelta

from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from rag import uploads
from rag.exceptions import FileNotFound, NotTheirs
from rag.models import Document, DocumentQuerySet, StoredFile


def keep(user: User, file: "UploadedFile[bytes]", purpose: str, lasts: timedelta | None) -> StoredFile:
    """Raises UploadRefused."""
    found = uploads.checked(user, file)
    expires_at = timezone.now() + lasts if lasts else None
    stored = StoredFile(owner=user, purpose=purpose, expires_at=expires_at, **found._asdict())
    uploads.write(stored, file)
    try:
        stored.save(force_insert=True)
    except DatabaseError:
        stored.file.storage.delete(str(stored.file.name))
        raise
    return stored


def documents_of(file_id: uuid.UUID) -> DocumentQuerySet:
    """What was made of the file, one a collection."""
    return Document.objects.current().filter(Q(file_id=file_id) | Q(file_id=None, pk=file_id))


def find(user: User, file_id: uuid.UUID) -> StoredFile | Document:
    """A file of theirs, or of a collection that they see; raises FileNotFound."""
    visible = documents_of(file_id).visible_to(user).filter(collection__is_attachment=False)
    found = StoredFile.objects.of(user).filter(pk=file_id).first() or visible.order_by("created_at").first()
    if found is None:
        raise FileNotFound
    return found


def discard(user: User, file_id: uuid.UUID) -> None:
    """With what became of it wherever they may edit; raises FileNotFound, or NotTheirs for another's file."""
    found = find(user, file_id)
    with transaction.atomic():
        if isinstance(found, StoredFile):
            _forget(found)
        elif found.file_id is None and Document.objects.editable_by(user).filter(pk=found.pk).exists():
            found.delete()
        else:
            raise NotTheirs


def sweep() -> int:
    """Forget what has expired."""
    expired = list(StoredFile.objects.expired())
    for stored in expired:
        with transaction.atomic():
            _forget(stored)
    return len(expired)


def _forget(stored: StoredFile) -> None:
    """Who is just putting it into a collection waits, and then finds it no more."""
    StoredFile.objects.select_for_update().filter(pk=stored.pk).first()
    for document in documents_of(stored.pk).editable_by(stored.owner):
        document.delete()
    stored.delete()
