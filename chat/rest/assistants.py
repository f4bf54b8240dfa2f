"""Assistants: used by those they are offered to, changed by who made them."""

from django.db import transaction
from django.http import HttpRequest
from ninja import Status
from pydantic import Field

from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Given, Id, Offer, Shape, When, left
from accounts.signing_in import person
from chat.models import Assistant
from chat.offering_forms import AssistantForm, OfferForm
from chat.rest.offers import OfferedTo, entered, offered_to
from gateway.models import Scope

operations = Operations("assistants", read=Scope.CHAT, write=Scope.CHAT)


class AssistantShape(Shape):
    id: Id
    name: str = Field(examples=["Minutes"])
    model_name: str = Field(description="As which it stands among models.", examples=["assistant/minutes"])
    description: str
    instructions: str
    model: str
    temperature: float | None
    starters: list[str]
    collections: list[Id] = Field(description="Those of them that the caller may see.")
    owner: str = Field(examples=["Alice"])
    is_own: bool
    updated_at: When


class AssistantChange(Given):
    name: str = left(min_length=1, max_length=100)
    description: str = left(max_length=500)
    instructions: str = left(max_length=8_000)
    model: str = left(max_length=200)
    temperature: float | None = Field(None, ge=0, le=2)
    starters: list[str] = left(max_length=6)
    collections: list[Id] = left(max_length=100)


class NewAssistant(AssistantChange):
    name: str = Field(min_length=1, max_length=100, examples=["Minutes"])


@operations.get("assistants", response=Page[AssistantShape])
def list_assistants(request: HttpRequest, turning: Turned) -> Page[AssistantShape]:
    """Those that the caller may use."""
    rows = Assistant.objects.visible_to(person(request)).select_related("owner")
    return page(request, rows, ["name", "id"], turning, lambda row: _shape(request, row))


@operations.post("assistants", response={201: AssistantShape})
@transaction.atomic
def create_assistant(request: HttpRequest, body: NewAssistant) -> Status[AssistantShape]:
    user = person(request)
    form = _form(Assistant(owner=user), body)
    return Status(201, _shape(request, form.save()))


@operations.get("assistants/{uuid:assistant}", response=AssistantShape)
def get_assistant(request: HttpRequest, assistant: Id) -> AssistantShape:
    return _shape(request, found(Assistant.objects.visible_to(person(request)).select_related("owner"), pk=assistant))


@operations.patch("assistants/{uuid:assistant}", response=AssistantShape)
@transaction.atomic
def change_assistant(request: HttpRequest, assistant: Id, body: AssistantChange) -> AssistantShape:
    row = locked(Assistant.objects.managed_by(person(request)), pk=assistant)
    unchanged(request, _shape(request, row))
    return _shape(request, _form(row, body).save())


@operations.delete("assistants/{uuid:assistant}", response={204: None})
@transaction.atomic
def delete_assistant(request: HttpRequest, assistant: Id) -> Status[None]:
    """Conversations with it stay; they go on with a model."""
    row = locked(Assistant.objects.managed_by(person(request)), pk=assistant)
    unchanged(request, _shape(request, row), required=False)
    row.delete()
    return Status(204, None)


@operations.get("assistants/{uuid:assistant}/offer", response=OfferedTo)
def get_assistant_offer(request: HttpRequest, assistant: Id) -> OfferedTo:
    """Who may use it."""
    return offered_to(found(Assistant.objects.managed_by(person(request)), pk=assistant))


@operations.put("assistants/{uuid:assistant}/offer", response=OfferedTo)
@transaction.atomic
def offer_assistant(request: HttpRequest, assistant: Id, body: Offer) -> OfferedTo:
    row = locked(Assistant.objects.managed_by(person(request)), pk=assistant)
    unchanged(request, offered_to(row))
    valid(OfferForm.of(row, entered(OfferForm.of(row), body))).offer(row)
    return offered_to(found(Assistant.objects.all(), pk=assistant))


def _form(row: Assistant, body: AssistantChange) -> AssistantForm:
    given = body.given()
    if "starters" in given:
        given["starters"] = "\n".join(given["starters"])
    unbound = AssistantForm(user=row.owner, instance=row)
    if not given.get("collections"):
        given = {name: value for name, value in given.items() if name != "collections" or name in unbound.fields}
    return valid(AssistantForm(filled(unbound, **given), user=row.owner, instance=row))


def _shape(request: HttpRequest, row: Assistant) -> AssistantShape:
    user = person(request)
    same = ("id", "name", "description", "instructions", "model", "temperature", "starters", "updated_at")
    return AssistantShape(
        **{name: getattr(row, name) for name in same},
        model_name=row.public_name,
        collections=sorted(row.collections_for(user).values_list("id", flat=True)),
        owner=str(row.owner),
        is_own=row.owner_id == user.pk,
    )
