"""Nothing stays in the storage once no row names it any more."""

from typing import Any

from django.db import models, transaction
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_delete
from django.dispatch import receiver

from rag.files import id_in
from rag.models import Document, DocumentVersion, StoredFile


@receiver(post_delete, sender=Document)
@receiver(post_delete, sender=DocumentVersion)
@receiver(post_delete, sender=StoredFile)
def remove_file(sender: type[models.Model], instance: Document | DocumentVersion | StoredFile, **kwargs: Any) -> None:
    """A signal, since a document also goes when its collection, team or owner goes."""
    if instance.file.name:  # else it was handed over
        release(instance.file)


def release(file: FieldFile) -> None:
    storage, name = file.storage, str(file.name)
    transaction.on_commit(lambda: None if is_named(name) else storage.delete(name), robust=True)


def is_named(name: str) -> bool:
    """By a document, one of its versions, or what both were made of."""
    if (file_id := id_in(name)) is None:
        return False
    return (
        StoredFile.objects.filter(pk=file_id).exists()
        or Document.objects.filter(file_id=file_id, file=name).exists()
        or DocumentVersion.objects.filter(document__file_id=file_id, file=name).exists()
    )
