"""Conversations: listed, found, begun, changed, deleted and taken back, exported."""

from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import Http404, HttpRequest, StreamingHttpResponse
from ninja import Query, Status
from pydantic import BaseModel, Field

from accounts import audit
from accounts.audit import Kind
from accounts.rest.conditions import unchanged
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turning, page
from accounts.rest.shapes import Id
from accounts.signing_in import person
from chat import asking, conversations, searching
from chat.exporting import files
from chat.history import listed
from chat.models import Conversation, Project
from chat.rest.scopes import may_read_documents
from chat.rest.shapes import (
    ConversationChange,
    ConversationShape,
    Found,
    FoundMessage,
    NewConversation,
    WholeConversation,
)
from chat.transfer_views import download
from gateway.models import Scope

operations = Operations("conversations", read=Scope.CHAT, write=Scope.CHAT)
ORDERS = {"used": ["-updated_at", "-id"], "title": ["title", "id"], "created": ["-created_at", "-id"]}
FURTHEST = 280
FORMAT = Literal["md", "docx", "odt", "pdf", "json"]
FILE: dict[str, Any] = {"responses": {200: {"content": {"*/*": {}}}}}


class ConversationFilter(Turning):
    archived: bool = False
    pinned: bool | None = None
    project: Id | None = None
    order: Literal["used", "title", "created"] = "used"


class Sought(BaseModel):
    q: str = Field(min_length=1, max_length=searching.LONGEST, examples=["aviary"])
    start: int = Field(0, ge=0, le=FURTHEST)


class Chosen(BaseModel):
    format: FORMAT = "json"


@operations.get("conversations", response=Page[ConversationShape])
def list_conversations(request: HttpRequest, asked: Annotated[ConversationFilter, Query()]) -> Page[ConversationShape]:
    """Those in which something was asked."""
    named = {"pinned": asked.pinned, "project": asked.project}
    rows = listed(person(request), archived=asked.archived)
    rows = rows.filter(**{name: value for name, value in named.items() if value is not None})
    return page(request, rows, ORDERS[asked.order], asked, ConversationShape.of)


@operations.get("conversations/search", response=Found)
def search_conversations(request: HttpRequest, asked: Annotated[Sought, Query()]) -> Found:
    """In what was asked and answered, and in the titles."""
    results = searching.search(person(request), asked.q, asked.start)
    following = asked.start + searching.HITS
    return Found(
        titles=[ConversationShape.of(each) for each in results.titles],
        items=[
            FoundMessage(**{name: getattr(hit, name) for name in FoundMessage.model_fields}) for hit in results.hits
        ],
        next_start=following if results.more and following <= FURTHEST else None,
    )


@operations.get("conversations/export", response={200: None}, openapi_extra=FILE)
def export_conversations(request: HttpRequest, chosen: Annotated[Chosen, Query()]) -> StreamingHttpResponse:
    """All of the caller's conversations: JSON as one file, other formats as an archive."""
    user = person(request)
    file = files.everything(user, chosen.format)
    audit.record(Kind.EXPORTED, user, detail=f"all conversations: {chosen.format}")
    return download(file)


@operations.post("conversations", response={201: WholeConversation})
@transaction.atomic
def create_conversation(request: HttpRequest, body: NewConversation) -> Status[WholeConversation]:
    user = person(request)
    project = found(Project.objects.visible_to(user), pk=body.project) if body.project else None
    made = Conversation.objects.create(owner=user, project=project)
    if body.title:
        conversations.rename(made, body.title)
    if body.model or body.collections:
        may_read_documents(request, body.collections)
        asking.choose(made, body.model, body.collections)
    return Status(201, WholeConversation.of(made))


@operations.get("conversations/{uuid:conversation}", response=WholeConversation)
def get_conversation(request: HttpRequest, conversation: Id) -> WholeConversation:
    return WholeConversation.of(visible(request, conversation))


@operations.patch("conversations/{uuid:conversation}", response=WholeConversation)
@transaction.atomic
def change_conversation(request: HttpRequest, conversation: Id, body: ConversationChange) -> WholeConversation:
    row = locked(Conversation.objects.visible_to(person(request)), pk=conversation)
    unchanged(request, WholeConversation.of(row))
    given = body.given()
    if "title" in given:
        conversations.rename(row, given["title"])
    if "project" in given:
        wanted = given["project"]
        conversations.move(row, found(Project.objects.visible_to(row.owner), pk=wanted) if wanted else None)
    if noted := _noted(given):
        conversations.change(row, **noted)
    choose(request, row, given.get("model"), given.get("collections"))
    return WholeConversation.of(row)


@operations.delete("conversations/{uuid:conversation}", response={204: None})
def delete_conversation(request: HttpRequest, conversation: Id) -> Status[None]:
    """For two minutes it can be taken back."""
    row = visible(request, conversation)
    unchanged(request, WholeConversation.of(row), required=False)
    conversations.delete(row)
    return Status(204, None)


@operations.post("conversations/{uuid:conversation}/restore", response=WholeConversation)
def restore_conversation(request: HttpRequest, conversation: Id) -> WholeConversation:
    """Takes a deletion back."""
    deleted = {each.id: each for each in conversations.deleted_by(person(request))}
    if (row := deleted.get(conversation)) is None:
        raise Http404
    conversations.restore(row)
    return WholeConversation.of(row)


@operations.get("conversations/{uuid:conversation}/export", response={200: None}, openapi_extra=FILE)
def export_conversation(
    request: HttpRequest, conversation: Id, chosen: Annotated[Chosen, Query()]
) -> StreamingHttpResponse:
    return download(files.one(visible(request, conversation), chosen.format))


def _noted(given: dict[str, Any]) -> dict[str, bool]:
    """What is put away is not on top of the list."""
    noted: dict[str, bool] = {name: given[name] for name in ("pinned", "archived") if name in given}
    other: dict[str, str] = {"pinned": "archived", "archived": "pinned"}
    return {**{other[name]: False for name in noted if noted[name]}, **noted}


def visible(request: HttpRequest, conversation: Id) -> Conversation:
    return found(Conversation.objects.visible_to(person(request)).select_related("owner"), pk=conversation)


def choose(request: HttpRequest, row: Conversation, model: str | None, collections: list[Id] | None) -> None:
    """What is named; the other stays as it was."""
    if model is None and collections is None:
        return
    if model is None:
        model = row.assistant.public_name if row.assistant else row.model
    if collections is None:
        collections = list(row.collections.visible_to(row.owner).values_list("id", flat=True))
    else:
        may_read_documents(request, collections)
    asking.choose(row, model, collections)
