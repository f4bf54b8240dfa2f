"""/v1/vector_stores/{id}/file_batches"""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from gateway.api.http import Request
from gateway.exceptions import InvalidRequest, NotFound
from gateway.requests import invalid
from gateway.responses.checks import checked
from rag import stores
from rag.api import ids, shapes
from rag.api.endpoints import Object, told
from rag.api.fields import BATCH, STORE_FILE, body_of
from rag.api.store_files import POLL_AFTER, listed
from rag.api.vector_stores import editable, file_ids, visible
from rag.models import Collection, Document, FileBatch


def create(request: Request) -> Object:
    store, wanted = editable(request), _wanted(body_of(request, BATCH))
    with told("file_ids"):
        return shapes.batch(stores.add_batch(request.caller.user, store, wanted))


def retrieve(request: Request) -> Object:
    shown = shapes.batch(_batch(request, visible(request)))
    if shown["file_counts"]["in_progress"]:
        request.own_headers |= POLL_AFTER
    return shown


def cancel(request: Request) -> Object:
    batch = _batch(request, editable(request))
    stores.cancel(batch)
    return shapes.batch(batch)


def list_files(request: Request) -> Object:
    batch = _batch(request, visible(request))
    return listed(request, Document.objects.current().filter(pk__in=batch.documents.values("pk")))


def _wanted(body: dict[str, Any]) -> dict[UUID, dict[str, Any] | None]:
    """Either ids, and attributes for all, or files with their own."""
    if ("file_ids" in body) == ("files" in body):
        raise InvalidRequest(_("Name either “file_ids” or “files”."), param="file_ids")
    if "file_ids" in body:
        return dict.fromkeys(file_ids(body["file_ids"], "file_ids"), body.get("attributes"))
    wanted: dict[UUID, dict[str, Any] | None] = {}
    for i, each in enumerate(body["files"]):
        given = checked(each, STORE_FILE, f"files[{i}]", ("file_id",))
        [file_id] = file_ids([given["file_id"]], f"files[{i}].file_id")
        if file_id in wanted:
            raise invalid(f"files[{i}].file_id", _("every file once"))
        wanted[file_id] = given.get("attributes")
    return wanted


def _batch(request: Request, store: Collection) -> FileBatch:
    batch_id = ids.read(ids.BATCH, request.parameters["batch_id"])
    found = FileBatch.objects.filter(collection=store, pk=batch_id).first() if batch_id else None
    if found is None:
        raise NotFound(_("There is no such batch in this vector store."), param="batch_id")
    return found
