"""Messages: asked, followed, stopped, answered again, edited into versions, judged."""

from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Status

from accounts.exceptions import Invalid
from accounts.rest.operations import Operations, found
from accounts.rest.shapes import Id
from accounts.signing_in import person
from chat import asking, beginning, comparing, continuing, events, forking, opinions, versions
from chat.models import Conversation, Message
from chat.rest import streams
from chat.rest.conversations import choose, visible
from chat.rest.shapes import Again, Answered, Copied, Edit, MessageShape, OpinionGiven, Question, Tree
from gateway.database import give_back
from gateway.models import Scope

operations = Operations("messages", read=Scope.CHAT, write=Scope.CHAT)
STREAM = "text/event-stream"
STREAMED = {"responses": {201: {"content": {STREAM: {"schema": {"type": "string"}}}}}}
ONLY_STREAMED = {"responses": {200: {"content": {STREAM: {"schema": {"type": "string"}}}}}}
HOW = """

Answers when it is complete; with `Accept: text/event-stream` as it is written; with `Prefer: respond-async` at once."""
Told = Status[Answered] | StreamingHttpResponse
WRITTEN: Any = {"response": {201: Answered, 202: Answered}, "openapi_extra": STREAMED}


@operations.get("conversations/{uuid:conversation}/messages", response=Tree)
def list_messages(request: HttpRequest, conversation: Id) -> Tree:
    """The whole tree, with all versions."""
    row = visible(request, conversation)
    rows = row.messages.order_by("created_at", "id").prefetch_related("citations")
    return Tree(items=[MessageShape.of(each) for each in rows], branch=row.branch())


@operations.post("conversations/{uuid:conversation}/messages", **WRITTEN, description="Asks a question." + HOW)
async def ask(request: HttpRequest, conversation: Id, body: Question) -> Told:
    new = await sync_to_async(_asked)(request, conversation, body)
    return await _answered(request, new)


@operations.get("messages/{uuid:message}", response=MessageShape)
def get_message(request: HttpRequest, message: Id) -> MessageShape:
    return MessageShape.of(seen(request, message))


@operations.get("messages/{uuid:message}/events", response={200: None}, openapi_extra=ONLY_STREAMED)
async def follow_answer(request: HttpRequest, message: Id) -> StreamingHttpResponse:
    """The events of an answer, from where it stands; with `Last-Event-ID` from behind that event."""
    row = await sync_to_async(_answer)(request, message)
    last = request.headers.get("Last-Event-ID", "0")
    if not (last.isascii() and last.isdigit() and len(last) < 10):
        raise Invalid([("Last-Event-ID", _("This is no number of an event."))])
    return streams.stream(request, row.conversation_id, [row.id], int(last))


@operations.post("messages/{uuid:message}/stop", response=MessageShape)
def stop_answer(request: HttpRequest, message: Id) -> MessageShape:
    """Whoever writes it sees this within a second."""
    row = seen(request, message)
    asking.stop(row)
    return MessageShape.of(row)


@operations.post(
    "messages/{uuid:message}/retry", **WRITTEN, description="A new answer beside one that broke off." + HOW
)
async def retry_answer(request: HttpRequest, message: Id) -> Told:
    row = await sync_to_async(seen)(request, message)
    return await _answered(request, [await sync_to_async(asking.retry)(row)])


@operations.post(
    "messages/{uuid:message}/regenerate",
    **WRITTEN,
    description="Another answer to a question, or beside an answer." + HOW,
)
async def regenerate_answer(request: HttpRequest, message: Id, body: Again) -> Told:
    row = await sync_to_async(seen)(request, message)
    return await _answered(request, [await sync_to_async(versions.regenerate)(row, body.model)])


@operations.post(
    "messages/{uuid:message}/continue",
    **WRITTEN,
    description="Goes on with an answer that did not come to its end." + HOW,
)
async def continue_answer(request: HttpRequest, message: Id) -> Told:
    row = await sync_to_async(_ended_answer)(request, message)
    return await _answered(request, [await sync_to_async(continuing.resume)(row)])


@operations.post(
    "messages/{uuid:message}/edit",
    **WRITTEN,
    description="The same in other words, as a version beside it; a question is answered anew." + HOW,
)
async def edit_message(request: HttpRequest, message: Id, body: Edit) -> Told:
    row = await sync_to_async(seen)(request, message)
    if row.role == Message.Role.USER:
        return await _answered(request, list(await sync_to_async(versions.ask_anew)(row, body.text)))
    version = await sync_to_async(versions.rewrite)(row, body.text)
    await _branch(version)
    return Status(201, await sync_to_async(_shown)([version.id]))


@operations.post("messages/{uuid:message}/show", response=MessageShape)
def show_branch(request: HttpRequest, message: Id) -> MessageShape:
    """From now on the conversation is shown on the branch of this message."""
    row = seen(request, message)
    asking.show(row)
    async_to_sync(_branch)(row)
    return MessageShape.of(row)


@operations.post("messages/{uuid:message}/take", response=MessageShape)
def take_answer(request: HttpRequest, message: Id) -> MessageShape:
    """Of two that were compared, the one to go on with."""
    row = seen(request, message)
    comparing.take(row)
    async_to_sync(_branch)(row)
    return MessageShape.of(row)


@operations.post("messages/{uuid:message}/opinion", response=MessageShape)
def give_opinion(request: HttpRequest, message: Id, body: OpinionGiven) -> MessageShape:
    """An empty one takes it back. The words are for nobody but their owner."""
    row = _ended_answer(request, message)
    opinions.give(row, body.opinion, body.reason, body.words)
    return MessageShape.of(row)


@operations.post("messages/{uuid:message}/fork", response={201: Copied})
def fork_conversation(request: HttpRequest, message: Id) -> Status[Copied]:
    """A conversation of its own that goes on from here."""
    own, refused = forking.fork(seen(request, message))
    return Status(201, Copied(conversation=own.id, refused=refused))


def seen(request: HttpRequest, message: Id) -> Message:
    rows = Message.objects.visible_to(person(request)).select_related("parent", "conversation__owner")
    return found(rows.prefetch_related("citations"), pk=message)


def _answer(request: HttpRequest, message: Id) -> Message:
    row = seen(request, message)
    if row.role != Message.Role.ASSISTANT:
        raise Http404
    return row


def _ended_answer(request: HttpRequest, message: Id) -> Message:
    row = _answer(request, message)
    if row.is_running:
        raise Http404
    return row


@transaction.atomic
def _asked(request: HttpRequest, conversation: Id, body: Question) -> list[Message]:
    row: Conversation = visible(request, conversation)
    choose(request, row, body.model, body.collections)
    if body.beside:
        return list(comparing.ask_both(row, body.text, body.beside, body.after, body.id))
    return list(asking.ask(row, body.text, body.after, body.id))


async def _answered(request: HttpRequest, new: list[Message]) -> Told:
    """Begin, and answer as the caller wants it."""
    request.is_metered = True  # type: ignore[attr-defined]  # the answer's headers say what is left
    conversation, ids = new[-1].conversation_id, [each.id for each in new]
    answers = [each.id for each in new if each.is_running]
    await beginning.begin(new, request.caller.api_key)  # type: ignore[attr-defined]
    if request.get_preferred_type(["application/json", STREAM]) == STREAM:
        response = streams.stream(request, conversation, answers)
        response.status_code = 201
        return response
    if "respond-async" in request.headers.get("Prefer", ""):
        return Status(202, await sync_to_async(_shown)(ids))
    await sync_to_async(give_back)()
    await streams.wait(request, conversation, answers)
    return Status(201, await sync_to_async(_shown)(ids))


def _shown(ids: list[Id]) -> Answered:
    rows = Message.objects.prefetch_related("citations").in_bulk(ids)
    shapes = [MessageShape.of(rows[each]) for each in ids if each in rows]
    question = next((each for each in shapes if each.role == "user"), None)
    return Answered(question=question, answers=[each for each in shapes if each.role == "assistant"])


async def _branch(message: Message) -> None:
    await events.publish(message.conversation_id, {"type": "branch", "message": str(message.id)})
