"""The prompt library: used by those a text is offered to, changed by who wrote it."""

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
from chat.library import TEXT_LENGTH
from chat.models import Prompt
from chat.offering_forms import OfferForm, PromptForm
from chat.rest.offers import OfferedTo, entered, offered_to
from gateway.models import Scope

operations = Operations("prompts", read=Scope.CHAT, write=Scope.CHAT)


class Place(Shape):
    """Something to fill in."""

    name: str = Field(examples=["topic"])
    default: str
    choices: list[str]


class PromptShape(Shape):
    id: Id
    title: str = Field(examples=["Minutes"])
    text: str = Field(examples=["Write minutes about {{topic}}."])
    variables: list[Place]
    owner: str = Field(examples=["Alice"])
    is_own: bool
    updated_at: When


class PromptChange(Given):
    title: str = left(min_length=1, max_length=100)
    text: str = left(min_length=1, max_length=TEXT_LENGTH)


class NewPrompt(Given):
    title: str = Field(min_length=1, max_length=100, examples=["Minutes"])
    text: str = Field(min_length=1, max_length=TEXT_LENGTH, examples=["Write minutes about {{topic}}."])


@operations.get("prompts", response=Page[PromptShape])
def list_prompts(request: HttpRequest, turning: Turned, title: str = "") -> Page[PromptShape]:
    """Those that the caller may use."""
    rows = Prompt.objects.visible_to(person(request)).select_related("owner").filter(title__icontains=title[:100])
    return page(request, rows, ["title", "id"], turning, lambda row: _shape(request, row))


@operations.post("prompts", response={201: PromptShape})
@transaction.atomic
def create_prompt(request: HttpRequest, body: NewPrompt) -> Status[PromptShape]:
    made = valid(PromptForm(body.model_dump(), instance=Prompt(owner=person(request)))).save()
    return Status(201, _shape(request, made))


@operations.get("prompts/{uuid:prompt}", response=PromptShape)
def get_prompt(request: HttpRequest, prompt: Id) -> PromptShape:
    return _shape(request, found(Prompt.objects.visible_to(person(request)).select_related("owner"), pk=prompt))


@operations.patch("prompts/{uuid:prompt}", response=PromptShape)
@transaction.atomic
def change_prompt(request: HttpRequest, prompt: Id, body: PromptChange) -> PromptShape:
    row = locked(Prompt.objects.managed_by(person(request)), pk=prompt)
    unchanged(request, _shape(request, row))
    form = valid(PromptForm(filled(PromptForm(instance=row), **body.given()), instance=row))
    return _shape(request, form.save())


@operations.delete("prompts/{uuid:prompt}", response={204: None})
@transaction.atomic
def delete_prompt(request: HttpRequest, prompt: Id) -> Status[None]:
    row = locked(Prompt.objects.managed_by(person(request)), pk=prompt)
    unchanged(request, _shape(request, row), required=False)
    row.delete()
    return Status(204, None)


@operations.get("prompts/{uuid:prompt}/offer", response=OfferedTo)
def get_prompt_offer(request: HttpRequest, prompt: Id) -> OfferedTo:
    """Who may use it."""
    return offered_to(found(Prompt.objects.managed_by(person(request)), pk=prompt))


@operations.put("prompts/{uuid:prompt}/offer", response=OfferedTo)
@transaction.atomic
def offer_prompt(request: HttpRequest, prompt: Id, body: Offer) -> OfferedTo:
    row = locked(Prompt.objects.managed_by(person(request)), pk=prompt)
    unchanged(request, offered_to(row))
    valid(OfferForm.of(row, entered(OfferForm.of(row), body))).offer(row)
    return offered_to(found(Prompt.objects.all(), pk=prompt))


def _shape(request: HttpRequest, row: Prompt) -> PromptShape:
    same = ("id", "title", "text", "updated_at")
    places = [Place(name=each.name, default=each.default, choices=list(each.choices)) for each in row.variables]
    is_own = row.owner_id == person(request).pk
    return PromptShape(
        **{name: getattr(row, name) for name in same}, variables=places, owner=str(row.owner), is_own=is_own
    )
