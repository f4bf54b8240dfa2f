"""Documents: sent, read, followed, opened."""

from typing import Annotated, Literal

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Status
from ninja import UploadedFile as Upload
from pydantic import BaseModel, Field

from accounts import audit
from accounts.audit import Kind
from accounts.exceptions import Invalid, UnsupportedMedia
from accounts.rest.bodies import is_storable
from accounts.rest.conditions import unchanged
from accounts.rest.operations import Operations, found
from accounts.rest.paging import Page, Turned, Turning, page
from accounts.rest.shapes import Id
from accounts.signing_in import person
from gateway.models import Scope
from rag import listing, queueing, uploads
from rag.document_views import sent
from rag.editions import Edition, edition
from rag.formats import PDF
from rag.models import Chunk, Document
from rag.pages import sheets, single_pages
from rag.rest.collections import editable, visible
from rag.rest.shapes import DocumentShape, PageShape, StoredPassage, TextShape, Uploaded, VersionShape

operations = Operations("documents", read=Scope.DOCUMENTS_READ, write=Scope.DOCUMENTS_WRITE)
ORDERS = {
    "newest": ["-created_at", "id"],
    "name": ["folder", "name", "id"],
    "size": ["-size", "id"],
}


class DocumentFilter(Turning):
    name: str = Field("", max_length=200, description="A part of its name or folder.")
    state: Literal["", "ready", "unfinished", "stopped"] = ""
    folder: str = Field("", max_length=500, description="With the folders below it.")
    order: Literal["newest", "name", "size"] = "newest"


class Where(BaseModel):
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="The current one, unless named.")


AtVersion = Annotated[Where, Query()]


@operations.get("collections/{uuid:collection}/documents", response=Page[DocumentShape])
def list_documents(
    request: HttpRequest, collection: Id, asked: Annotated[DocumentFilter, Query()]
) -> Page[DocumentShape]:
    named = {name: getattr(asked, name) for name in ("name", "state", "folder")}
    rows = listing.documents(visible(request, collection), **named)
    return page(request, rows, ORDERS[asked.order], asked, DocumentShape.of)


@operations.post("collections/{uuid:collection}/documents", response={201: Uploaded})
def upload_document(
    request: HttpRequest,
    collection: Id,
    file: File[Upload],
    folder: Annotated[str, Form(max_length=500)] = "",
) -> Status[Uploaded]:
    """Adds a file, which is read from now on. One of the same name in the same folder becomes its new version."""
    if request.content_type != "multipart/form-data":
        raise UnsupportedMedia
    if not is_storable(folder):
        raise Invalid([("folder", _("This cannot be stored."))])
    target, sent_file = editable(request, collection), taken(file)
    return Status(201, Uploaded.of(uploads.accept(person(request), target, sent_file, folder=folder, as_version=True)))


@operations.get("documents/{uuid:document}", response=DocumentShape)
def get_document(request: HttpRequest, document: Id) -> DocumentShape:
    """The document, and how far it is read."""
    return DocumentShape.of(seen(request, document))


@operations.delete("documents/{uuid:document}", response={204: None})
def delete_document(request: HttpRequest, document: Id) -> Status[None]:
    row = edited(request, document)
    unchanged(request, DocumentShape.of(row), required=False)
    audit.record(Kind.DELETED, row)
    row.delete()
    return Status(204, None)


@operations.post("documents/{uuid:document}/retry", response=DocumentShape)
def retry_document(request: HttpRequest, document: Id) -> DocumentShape:
    """Reads it again. What was read before is found until then."""
    row = edited(request, document)
    queueing.retry(row)
    return DocumentShape.of(row)


@operations.post("documents/{uuid:document}/cancel", response=DocumentShape)
def cancel_document(request: HttpRequest, document: Id) -> DocumentShape:
    row = edited(request, document)
    queueing.cancel(Document.objects.filter(pk=row.pk))
    row.refresh_from_db()
    return DocumentShape.of(row)


@operations.get("documents/{uuid:document}/versions", response=list[VersionShape])
def list_versions(request: HttpRequest, document: Id) -> list[VersionShape]:
    """Newest first; those that were replaced can be opened still."""
    row = seen(request, document)
    former = row.versions.order_by("-number")
    current = VersionShape(number=row.version, is_current=True, size=row.size, media_type=row.media_type)
    others = [
        VersionShape(number=each.number, is_current=False, size=each.size, media_type=each.media_type)
        for each in former
    ]
    return [current, *others]


@operations.get("documents/{uuid:document}/text", response=TextShape)
def get_text(request: HttpRequest, document: Id, at: AtVersion) -> TextShape:
    shown = opened(request, document, at)
    return TextShape(version=shown.version, text=_text(shown), page_starts=_starts(shown))


@operations.get("documents/{uuid:document}/pages/{int:number}", response=PageShape)
def get_page(request: HttpRequest, document: Id, number: int, at: AtVersion) -> PageShape:
    """A page of it; of what has none, a part of readable length."""
    shown = opened(request, document, at)
    text, starts = _text(shown), _starts(shown)
    spans = single_pages(text, starts) if shown.media_type == PDF and starts else sheets(text, starts)
    if not 1 <= number <= len(spans):
        raise Http404
    start, end = spans[number - 1]
    return PageShape(version=shown.version, page=number, start=start, end=end, text=text[start:end])


@operations.get("documents/{uuid:document}/passages", response=Page[StoredPassage])
def list_passages(request: HttpRequest, document: Id, turning: Turned) -> Page[StoredPassage]:
    """What a search can find of it, from the beginning on."""
    rows = Chunk.objects.filter(document=seen(request, document))
    return page(request, rows, ["start", "id"], turning, _passage)


@operations.get("documents/{uuid:document}/file", response={200: None}, openapi_extra={
    "responses": {200: {"content": {"*/*": {}}}}
})  # fmt: skip
def get_file(request: HttpRequest, document: Id, at: AtVersion) -> StreamingHttpResponse:
    """The file as it was uploaded."""
    shown = _edition(request, document, at)
    return sent(shown)


def taken(file: Upload) -> "UploadedFile[bytes]":
    """The library's class adds nothing that matters here."""
    return file


def seen(request: HttpRequest, document: Id) -> Document:
    return found(Document.objects.visible_to(person(request)).select_related("collection"), pk=document)


def edited(request: HttpRequest, document: Id) -> Document:
    return found(Document.objects.editable_by(person(request)).select_related("collection"), pk=document)


def _edition(request: HttpRequest, document: Id, at: Where) -> Edition:
    row = seen(request, document)
    version = at.version or row.version
    if not row.has_version(version):
        raise Http404
    return edition(row, version)


def opened(request: HttpRequest, document: Id, at: Where) -> Edition:
    """One that was read."""
    shown = _edition(request, document, at)
    if shown.content is None:
        raise Http404
    return shown


def _text(shown: Edition) -> str:
    return shown.content.text if shown.content else ""


def _starts(shown: Edition) -> list[int]:
    return list(shown.content.page_starts) if shown.content else []


def _passage(chunk: Chunk) -> StoredPassage:
    return StoredPassage(**{name: getattr(chunk, name) for name in StoredPassage.model_fields})
