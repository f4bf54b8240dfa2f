"""One version of a document, whether it is the current one or was replaced: what a viewer shows."""

from dataclasses import dataclass

from django.db.models.fields.files import FieldFile

from rag.models import Document, DocumentText
from rag.texts import Content


@dataclass(frozen=True)
class Edition:
    document: Document
    version: int
    media_type: str
    size: int
    file: FieldFile
    content: Content | None  # None where nothing was read yet


def edition(document: Document, version: int) -> Edition:
    """Raises DocumentVersion.DoesNotExist."""
    if version == document.version:
        content = DocumentText.objects.filter(document=document).first()
        return Edition(document, version, document.media_type, document.size, document.file, content)
    old = document.versions.get(number=version)
    return Edition(document, version, old.media_type, old.size, old.file, old)
