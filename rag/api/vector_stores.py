"""/v1/vector_stores"""

from typing import Any

from django.utils.translation import gettext as _

from gateway.api.http import Request
from gateway.exceptions import NotAllowed, NotFound
from gateway.requests import parsed
from gateway.requests.fields import allowed
from rag import stores
from rag.api import ids, shapes
from rag.api.endpoints import Object, told
from rag.api.fields import NEW_STORE, STORE, body_of
from rag.api.paging import page
from rag.models import Collection, CollectionQuerySet

UNNAMED = "Vector store"
Body = dict[str, Any]


def create(request: Request) -> Object:
    body = body_of(request, NEW_STORE)
    files = file_ids(body.get("file_ids", []), "file_ids")
    fields = {"name": UNNAMED, **_fields(body)}
    with told("file_ids"):
        return _shown(stores.create(request.caller.user, fields, files))


def list_stores(request: Request) -> Object:
    return page(shapes.counted(_visible(request)), request.query, shapes.store, _by_id)


def retrieve(request: Request) -> Object:
    return _shown(visible(request))


def update(request: Request) -> Object:
    store = managed(request)
    body = parsed(request.body)
    fields = _fields(allowed(body, STORE))
    if "expires_after" in body and body["expires_after"] is None:
        fields["expires_after_days"] = None
    if "metadata" in body and body["metadata"] is None:
        fields["metadata"] = {}
    if fields:
        Collection.objects.filter(pk=store.pk).update(**fields)
        stores.note_use([Collection.objects.get(pk=store.pk)])
    return _shown(store)


def delete(request: Request) -> Object:
    store = managed(request)
    store_id = store.pk
    store.delete()
    return shapes.deleted(ids.STORE, "vector_store.deleted", store_id)


def visible(request: Request) -> Collection:
    """The store that the address names; raises NotFound."""
    return _one(_visible(request), request)


def editable(request: Request) -> Collection:
    """Raises NotAllowed for one that the caller may only read."""
    return _permitted(request, Collection.objects.editable_by(request.caller.user))


def managed(request: Request) -> Collection:
    return _permitted(request, Collection.objects.managed_by(request.caller.user))


def file_ids(given: list[str], param: str) -> list[Any]:
    """Of files, each once; raises InvalidRequest."""
    found = [ids.read(ids.FILE, text) for text in given]
    for i, file_id in enumerate(found):
        if file_id is None:
            raise NotFound(_("There is no such file, or it is not yours."), param=f"{param}[{i}]")
    return list(dict.fromkeys(found))


def _permitted(request: Request, stores_of_theirs: CollectionQuerySet) -> Collection:
    found = visible(request)
    if not stores_of_theirs.filter(pk=found.pk).exists():
        raise NotAllowed(_("You may read this vector store, but not change it."))
    return found


def _visible(request: Request) -> CollectionQuerySet:
    return Collection.objects.visible_to(request.caller.user).knowledge()


def _one(found: CollectionQuerySet, request: Request) -> Collection:
    store = _by_id(found, request.parameters["vector_store_id"])
    if store is None:
        raise NotFound(_("There is no such vector store, or it is not yours."), param="vector_store_id")
    return store


def _by_id(rows: Any, text: str) -> Collection | None:
    found: Collection | None = rows.filter(pk=ids.read(ids.STORE, text)).first()
    return found


def _fields(body: Body) -> Body:
    """Of a collection, as far as the body says them."""
    fields = {"name": body.get("name"), "purpose": body.get("description"), "metadata": body.get("metadata")}
    if "expires_after" in body:
        fields["expires_after_days"] = body["expires_after"]["days"]
    found = {name: value for name, value in fields.items() if value is not None}
    if found.get("name", UNNAMED).strip() == "":
        found["name"] = UNNAMED
    return found


def _shown(store: Collection) -> Object:
    found = shapes.counted(Collection.objects.filter(pk=store.pk)).first()
    if found is None:
        raise NotFound(_("There is no such vector store, or it is not yours."), param="vector_store_id")
    return shapes.store(found)
