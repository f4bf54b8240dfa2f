"""/v1/files"""

import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.core.files import File
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from gateway.api.forms import form_of
from gateway.api.http import Answer, Request
from gateway.database import in_database
from gateway.exceptions import NotFound
from gateway.requests import invalid
from rag import file_keeping
from rag.api import ids, shapes
from rag.api.endpoints import Object, told
from rag.api.paging import page
from rag.exceptions import FileNotFound
from rag.models import Document, StoredFile

PURPOSES = ("assistants", "user_data")  # those of files that are read as documents
SHORTEST, LONGEST = 3600, 2_592_000  # seconds
PIECE = 256 * 1024  # bytes
MOST = 10_000  # on a page


async def create(request: Request) -> Answer:
    with contextlib.closing(await form_of(request)) as form:
        file = form.files.get("file")
        if file is None:
            raise invalid("file", _("a file"))
        purpose, lasts = _purpose(form.fields.get("purpose")), _lasts(form.fields)
        with told("file"):
            kept = await in_database(file_keeping.keep, request.caller.user, file, purpose, lasts)
    return Answer.of(shapes.file(kept))


def files(request: Request) -> Object:
    found, query = StoredFile.objects.of(request.caller.user), request.query
    if purpose := query.get("purpose"):
        found = found.filter(purpose=purpose.replace("\x00", ""))
    return page(found, query, shapes.file, _by_id, usual=MOST, most=MOST)


def retrieve(request: Request) -> Object:
    return shapes.file(_found(request))


def delete(request: Request) -> Object:
    found = _found(request)
    file_id = found.public_file_id if isinstance(found, Document) else found.pk
    file_keeping.discard(request.caller.user, file_id)
    return shapes.deleted(ids.FILE, "file", file_id)


async def content(request: Request) -> Answer:
    """A stranger's bytes: to be saved, whatever they claim to be."""
    with told():
        found = await in_database(_found, request)
        try:
            file = await in_database(found.file.open, "rb")
        except FileNotFoundError:  # deleted just now
            raise NotFound(_no_file()) from None
    headers = {
        "content-length": str(found.size),
        "content-disposition": _ascii(content_disposition_header(True, found.name) or "attachment"),
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
    }
    return Answer(headers=headers, content_type=found.media_type, events=_pieces(file))


async def _pieces(file: "File[bytes]") -> AsyncGenerator[bytes, None]:
    try:
        while piece := await sync_to_async(file.read, thread_sensitive=False)(PIECE):
            yield piece
    finally:
        file.close()


def _found(request: Request) -> StoredFile | Document:
    file_id = ids.read(ids.FILE, request.parameters["file_id"])
    if file_id is None:
        raise NotFound(_no_file(), param="file_id")
    with told("file_id"):
        return file_keeping.find(request.caller.user, file_id)


def _by_id(rows: Any, text: str) -> StoredFile | None:
    found: StoredFile | None = rows.filter(pk=ids.read(ids.FILE, text)).first()
    return found


def _purpose(given: Any) -> str:
    if given not in PURPOSES:
        raise invalid("purpose", ", ".join(PURPOSES))
    return str(given)


def _lasts(fields: dict[str, Any]) -> timedelta | None:
    anchor, seconds = fields.get("expires_after[anchor]"), fields.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return None
    is_number = isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) < 9
    if anchor != "created_at" or not is_number or not SHORTEST <= int(str(seconds)) <= LONGEST:
        raise invalid("expires_after", _("the anchor “created_at” and 3600 to 2592000 seconds"))
    return timedelta(seconds=int(str(seconds)))


def _no_file() -> str:
    return str(FileNotFound())


def _ascii(header: str) -> str:
    return header.encode("ascii", "ignore").decode()
