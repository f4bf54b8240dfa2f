"""Take a person's file into a collection: checked piece by piece, stored under a name of ours, queued for reading."""

import hashlib
import logging
import re
import unicodedata
from pathlib import PurePosixPath
from typing import NamedTuple

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from accounts import limits
from accounts.models import User
from rag import formats, queueing, versions
from rag.exceptions import (
    CollectionNotFound,
    ContentMismatch,
    EmptyFile,
    FileTooLarge,
    OldOrLockedFile,
    StorageFull,
    TooManyUploads,
    TypeNotAllowed,
)
from rag.models import Collection, Document, StoredFile

logger = logging.getLogger(__name__)

PER_MINUTE = 3_000  # files of one person: more than a browser sends
NAME_LENGTH = 200
FOLDER_LENGTH = 500


class Checked(NamedTuple):
    name: str
    media_type: str
    size: int
    sha256: str


def accept(
    user: User, collection: Collection, file: "UploadedFile[bytes]", *, folder: str = "", as_version: bool = False
) -> Document:
    """Store and queue an upload, or raise UploadRefused.

    Content that the collection already holds is recognised: the document there is returned with `already_there` set,
    and read again if that had failed. With `as_version`, other content under the name and in the folder of a document
    becomes its new version: a row that `replaces` it until it is ready.
    """
    if not Collection.objects.editable_by(user).filter(pk=collection.pk).exists():
        raise CollectionNotFound
    found = checked(user, file)
    document = Document(collection=collection, uploaded_by=user, folder=cleaned_folder(folder), **found._asdict())
    return _known(collection, found.sha256) or _stored(document, file, as_version=as_version)


def checked(user: User, file: "UploadedFile[bytes]") -> Checked:
    """What really arrived; raises UploadRefused."""
    if limits.is_too_often("upload", str(user.pk), PER_MINUTE):
        raise TooManyUploads
    name = cleaned_name(file.name or "")
    size, sha256, head, tail = _measured(file)
    return Checked(name, _media_type(name, head, tail), size, sha256)


def write(row: Document | StoredFile, file: "UploadedFile[bytes]") -> None:
    """Under the name that its row gives it; raises StorageFull."""
    file.seek(0)
    try:
        row.file.save(row.name, file, save=False)
    except OSError as error:
        logger.exception("an upload could not be stored")
        row.file.storage.delete(row.file.field.generate_filename(row, row.name))  # what was written so far
        raise StorageFull from error


def cleaned_name(raw: str) -> str:
    """What people see of a file's name: no folders, no invisible or quoting characters, not too long."""
    base = PurePosixPath(unicodedata.normalize("NFC", raw).replace("\\", "/")).name
    visible = "".join(c for c in base if c == "\u200d" or unicodedata.category(c)[0] != "C")
    unquoted = re.sub("%22|%0D|%0A", "", visible)  # what browsers write for a quote and a line end
    plain = re.sub(r"\s+", " ", re.sub(r"[\"`<>|:*?]", "", unquoted)).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    if dot and len(suffix) <= 10:
        return stem[: NAME_LENGTH - len(suffix) - 1].rstrip() + dot + suffix
    return plain[:NAME_LENGTH]


def cleaned_folder(raw: str) -> str:
    parts = [cleaned_name(part) for part in raw.replace("\\", "/").split("/")]
    return "/".join(filter(None, parts))[:FOLDER_LENGTH].rstrip("/ ")


def _measured(file: "UploadedFile[bytes]") -> tuple[int, str, bytes, bytes]:
    """Size, SHA-256, first and last bytes of what really arrived, read in pieces."""
    size, digest, head, tail = 0, hashlib.sha256(), b"", b""
    for piece in file.chunks():
        size += len(piece)
        if size > settings.UPLOAD_MAX_BYTES:
            raise FileTooLarge(settings.UPLOAD_MAX_BYTES)
        digest.update(piece)
        head = head or piece[: formats.HEAD]
        tail = (tail + piece)[-formats.TAIL :]
    if not size:
        raise EmptyFile
    return size, digest.hexdigest(), head, tail


def _media_type(name: str, head: bytes, tail: bytes) -> str:
    media_type = formats.type_by_name(name)
    if media_type is None:
        raise TypeNotAllowed
    if formats.is_old_or_locked(media_type, head):
        raise OldOrLockedFile
    if not formats.fits(media_type, head, tail):
        raise ContentMismatch
    return media_type


def _known(collection: Collection, sha256: str) -> Document | None:
    document = Document.objects.filter(collection=collection, sha256=sha256).first()
    if document is None:
        return None
    if document.is_stopped:
        queueing.retry(document)
    document.already_there = True
    return document


def _stored(document: Document, file: "UploadedFile[bytes]", *, as_version: bool) -> Document:
    write(document, file)
    try:
        with transaction.atomic():
            if as_version and (old := versions.predecessor(document)):
                versions.begin(document, old)
            document.save(force_insert=True)
            queueing.announce(document.id)
    except IntegrityError:  # the same content arrived twice at the same moment, or the collection went away
        document.file.storage.delete(str(document.file.name))
        known = _known(document.collection, document.sha256)
        if known is None:
            raise CollectionNotFound from None
        return known
    return document
