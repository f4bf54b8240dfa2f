"""/v1/vector_stores/{id}/files"""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from gateway.api.http import Request
from gateway.exceptions import NotFound
from gateway.requests import invalid
from gateway.requests.fields import parsed
from rag import stores
from rag.api import ids, shapes
from rag.api.endpoints import Object, told
from rag.api.fields import ATTRIBUTES, STORE_FILE, body_of
from rag.api.paging import page
from rag.api.vector_stores import editable, file_ids, visible
from rag.file_keeping import documents_of
from rag.models import Collection, Document, DocumentText

POLL_AFTER = {"openai-poll-after-ms": "500"}  # clients that wait ask again so soon


def create(request: Request) -> Object:
    store, body = editable(request), body_of(request, STORE_FILE)
    if "file_id" not in body:
        raise invalid("file_id", STORE_FILE["file_id"].expected)
    [file_id] = file_ids([body["file_id"]], "file_id")
    with told("file_id"):
        [document] = stores.add(request.caller.user, store, {file_id: body.get("attributes")})
    return shapes.store_file(document)


def list_files(request: Request) -> Object:
    return listed(request, Document.objects.current().filter(collection=visible(request)))


def listed(request: Request, documents: "QuerySet[Document]") -> Object:
    query = request.query
    if wanted := query.get("filter"):
        if wanted not in shapes.FILE_STATUSES:
            raise invalid("filter", ", ".join(shapes.FILE_STATUSES))
        documents = shapes.with_status(documents, wanted)
    return page(documents, query, shapes.store_file, _by_id)


def retrieve(request: Request) -> Object:
    document = _document(request, visible(request))
    if document.is_unfinished:
        request.own_headers |= POLL_AFTER
    return shapes.store_file(document)


def update(request: Request) -> Object:
    document = _document(request, editable(request))
    body = parsed(request.body)
    attributes = body.get("attributes") or {}
    if "attributes" not in body or not ATTRIBUTES.is_valid(attributes):
        raise invalid("attributes", ATTRIBUTES.expected)
    Document.objects.filter(pk=document.pk).update(attributes=attributes)
    document.attributes = attributes
    return shapes.store_file(document)


def delete(request: Request) -> Object:
    document = _document(request, editable(request))
    file_id = document.public_file_id
    stores.remove(document)
    return shapes.deleted(ids.FILE, "vector_store.file.deleted", file_id)


def content(request: Request) -> Object:
    """What was read out of it; nothing as long as it was not."""
    document = _document(request, visible(request))
    text = DocumentText.objects.filter(document=document).values_list("text", flat=True).first()
    data = [] if text is None else [{"type": "text", "text": text}]
    return {"object": "vector_store.file_content.page", "data": data, "has_more": False, "next_page": None}


def _document(request: Request, store: Collection) -> Document:
    found = _by_id(Document.objects.current().filter(collection=store), request.parameters["file_id"])
    if found is None:
        raise NotFound(_("There is no such file in this vector store."), param="file_id")
    return found


def _by_id(rows: Any, text: str) -> Document | None:
    file_id = ids.read(ids.FILE, text)
    found: Document | None = rows.filter(pk__in=documents_of(file_id).values("pk")).first() if file_id else None
    return found
