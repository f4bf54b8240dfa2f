"""Collections: seen by those they are shared with, changed by those who manage them."""

from typing import Annotated, Literal

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Status
from pydantic import Field

from accounts.exceptions import Invalid
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turning, page
from accounts.rest.shapes import Id
from accounts.signing_in import person
from gateway.models import Scope
from rag import batches, queueing
from rag.forms import CollectionForm, MoveForm, NewCollectionForm
from rag.models import Collection, Document
from rag.rest.shapes import CollectionChange, CollectionShape, Count, Moved, Moving, NewCollection, NotMoved

operations = Operations("collections", read=Scope.DOCUMENTS_READ, write=Scope.DOCUMENTS_WRITE)


class CollectionFilter(Turning):
    name: str = Field("", max_length=150, description="A part of its name.")
    order: Literal["name", "newest"] = "name"


ORDERS = {"name": ["name", "id"], "newest": ["-created_at", "-id"]}


@operations.get("collections", response=Page[CollectionShape])
def list_collections(request: HttpRequest, asked: Annotated[CollectionFilter, Query()]) -> Page[CollectionShape]:
    """Those that the caller may see."""
    rows = Collection.objects.visible_to(person(request)).knowledge()
    if asked.name:
        rows = rows.filter(name__icontains=asked.name)
    return page(request, rows, ORDERS[asked.order], asked, CollectionShape.of)


@operations.post("collections", response={201: CollectionShape})
def create_collection(request: HttpRequest, body: NewCollection) -> Status[CollectionShape]:
    user, given = person(request), body.given()
    unbound = NewCollectionForm(user=user)
    if given.get("team") is None:
        given.pop("team", None)
    elif "team" not in unbound.fields:
        raise Invalid([("team", _("This cannot be chosen here."))])
    made = valid(NewCollectionForm(filled(unbound, **given), user=user)).save()
    return Status(201, CollectionShape.of(made))


@operations.get("collections/{uuid:collection}", response=CollectionShape)
def get_collection(request: HttpRequest, collection: Id) -> CollectionShape:
    return CollectionShape.of(visible(request, collection))


@operations.patch("collections/{uuid:collection}", response=CollectionShape)
@transaction.atomic
def change_collection(request: HttpRequest, collection: Id, body: CollectionChange) -> CollectionShape:
    row = locked(Collection.objects.managed_by(person(request)).knowledge(), pk=collection)
    unchanged(request, CollectionShape.of(row))
    form = valid(CollectionForm(filled(CollectionForm(instance=row), **body.given()), instance=row))
    return CollectionShape.of(form.save())


@operations.delete("collections/{uuid:collection}", response={204: None})
def delete_collection(request: HttpRequest, collection: Id) -> Status[None]:
    """With its documents."""
    row = managed(request, collection)
    unchanged(request, CollectionShape.of(row), required=False)
    row.delete()
    return Status(204, None)


@operations.post("collections/{uuid:collection}/retry", response=Count)
def retry_documents(request: HttpRequest, collection: Id) -> Count:
    """Reads those again that failed or were cancelled."""
    return Count(count=queueing.retry_all(Document.objects.filter(collection=editable(request, collection))))


@operations.post("collections/{uuid:collection}/cancel", response=Count)
def cancel_documents(request: HttpRequest, collection: Id) -> Count:
    """Whoever reads them stops within seconds."""
    return Count(count=queueing.cancel(Document.objects.filter(collection=editable(request, collection))))


@operations.post("collections/{uuid:collection}/move", response=Moved)
def move_documents(request: HttpRequest, collection: Id, body: Moving) -> Moved:
    """Documents into another collection that the caller may edit; those that cannot go are named."""
    user, source = person(request), editable(request, collection)
    chosen = {"documents": body.documents, "target": body.target}
    data = valid(MoveForm(chosen, collection=source, user=user)).cleaned_data
    refused = batches.move_all(user, data["documents"], source, data["target"])
    return Moved(refused=[NotMoved(name=name, code=error.code, message=str(error)) for name, error in refused])


def visible(request: HttpRequest, collection: Id) -> Collection:
    return found(Collection.objects.visible_to(person(request)).knowledge(), pk=collection)


def editable(request: HttpRequest, collection: Id) -> Collection:
    return found(Collection.objects.editable_by(person(request)).knowledge(), pk=collection)


def managed(request: HttpRequest, collection: Id) -> Collection:
    return found(Collection.objects.managed_by(person(request)).knowledge(), pk=collection)
