"""With whom a collection is shared, by those who manage it."""

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Status

from accounts import audit
from accounts.audit import Kind
from accounts.exceptions import Invalid
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Id
from gateway.models import Scope
from rag.forms import ShareForm
from rag.models import CollectionShare
from rag.rest.collections import managed
from rag.rest.shapes import MemberShape, NewMember

operations = Operations("collections", read=Scope.DOCUMENTS_READ, write=Scope.DOCUMENTS_WRITE)


@operations.get("collections/{uuid:collection}/members", response=Page[MemberShape])
def list_members(request: HttpRequest, collection: Id, turning: Turned) -> Page[MemberShape]:
    rows = CollectionShare.objects.filter(collection=managed(request, collection))
    return page(request, rows, ["id"], turning, MemberShape.of)


@operations.post("collections/{uuid:collection}/members", response={201: MemberShape})
@transaction.atomic
def share_collection(request: HttpRequest, collection: Id, body: NewMember) -> Status[MemberShape]:
    """With a person or a team; for one who has it already, the right is another from now on."""
    shared, given = managed(request, collection), body.given()
    unbound = ShareForm(collection=shared)
    if given.get("team") is None:
        given.pop("team", None)
    elif "team" not in unbound.fields:
        raise Invalid([("team", _("This cannot be chosen here."))])
    share = valid(ShareForm(filled(unbound, **given), collection=shared)).save()
    return Status(201, MemberShape.of(share))


@operations.delete("collections/{uuid:collection}/members/{int:member}", response={204: None})
@transaction.atomic
def unshare_collection(request: HttpRequest, collection: Id, member: int) -> Status[None]:
    share = found(managed(request, collection).shares.all(), pk=member)
    share.delete()
    audit.record(Kind.SHARE_TAKEN, share.collection, detail=share.described())
    return Status(204, None)
