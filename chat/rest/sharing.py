"""Conversations shown to others: who gives them, who reads them."""

from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Status

from accounts.exceptions import Invalid
from accounts.rest.conditions import unchanged
from accounts.rest.forms import valid
from accounts.rest.operations import Operations, found
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Id, Offer
from accounts.signing_in import person
from chat import sharing
from chat.forms import ShareForm
from chat.models import Share
from chat.rest.conversations import visible
from chat.rest.offers import entered
from chat.rest.shapes import (
    Copied,
    SharedConversation,
    SharedMessageShape,
    SharedSource,
    ShareShape,
)
from gateway.models import Scope

operations = Operations("sharing", read=Scope.CHAT, write=Scope.CHAT)


@operations.get("conversations/{uuid:conversation}/share", response=ShareShape)
def get_share(request: HttpRequest, conversation: Id) -> ShareShape:
    return ShareShape.of(_own(request, conversation))


@operations.put("conversations/{uuid:conversation}/share", response=ShareShape)
@transaction.atomic
def share_conversation(request: HttpRequest, conversation: Id, body: Offer) -> ShareShape:
    """Shows it as it stands now, or changes who may read what is shown. The first time there is nothing to match."""
    row = visible(request, conversation)
    if known := Share.objects.filter(conversation=row).select_for_update().first():
        unchanged(request, ShareShape.of(known))
    if body.audience == "nobody":
        raise Invalid([("audience", _("Take the share back instead."))])
    unbound = ShareForm(user=row.owner)
    form = valid(ShareForm(entered(unbound, body), user=row.owner))
    return ShareShape.of(form.share(row))


@operations.delete("conversations/{uuid:conversation}/share", response={204: None})
def take_share_back(request: HttpRequest, conversation: Id) -> Status[None]:
    sharing.take_back(_own(request, conversation))
    return Status(204, None)


@operations.post("conversations/{uuid:conversation}/share/update", response=ShareShape)
def update_share(request: HttpRequest, conversation: Id) -> ShareShape:
    """From now on it shows the conversation as it stands at this moment."""
    sharing.update(_own(request, conversation))
    return ShareShape.of(_own(request, conversation))


@operations.get("shares", response=Page[ShareShape])
def list_shares(request: HttpRequest, turning: Turned) -> Page[ShareShape]:
    """What others share with the caller by name, newest first."""
    rows = Share.objects.given_to(person(request)).select_related("conversation__owner")
    return page(request, rows.prefetch_related("people", "teams"), ["-updated_at", "-id"], turning, ShareShape.given)


@operations.get("shares/own", response=Page[ShareShape])
def list_own_shares(request: HttpRequest, turning: Turned) -> Page[ShareShape]:
    rows = Share.objects.managed_by(person(request)).select_related("conversation__owner")
    return page(request, rows.prefetch_related("people", "teams"), ["-updated_at", "-id"], turning, ShareShape.of)


@operations.get("shares/{uuid:share}", response=SharedConversation)
def read_share(request: HttpRequest, share: Id) -> SharedConversation:
    """Its messages, with those sources that the reader may open."""
    reader = person(request)
    row = _readable(request, share)
    shown = sharing.seen_by(reader, sharing.branch(row))
    return SharedConversation(share=ShareShape.given(row), messages=[_message(each) for each in shown])


@operations.post("shares/{uuid:share}/copy", response={201: Copied})
def copy_share(request: HttpRequest, share: Id) -> Status[Copied]:
    """A conversation of the reader's own that goes on from it."""
    own = sharing.copy(_readable(request, share), person(request))
    return Status(201, Copied(conversation=own.id, refused=[]))


def _own(request: HttpRequest, conversation: Id) -> Share:
    rows = Share.objects.managed_by(person(request)).select_related("conversation__owner")
    return found(rows, conversation=conversation)


def _readable(request: HttpRequest, share: Id) -> Share:
    return found(Share.objects.visible_to(person(request)).select_related("conversation__owner"), pk=share)


def _message(seen: sharing.SharedMessage) -> SharedMessageShape:
    sources = [SharedSource(number=number, address=address, title=title) for number, address, title in seen.sources]
    said = {name: getattr(seen.message, name) for name in ("id", "role", "text")}
    return SharedMessageShape(**said, sources=sources, hidden_sources=seen.hidden)
