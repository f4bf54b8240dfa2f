"""A question is stored, with a place for its answer, before any model is called."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from chat import assistants
from chat.characters import kept
from chat.exceptions import (
    AlreadyAsked,
    AnswerRunning,
    AttachmentsNotReady,
    ChoiceOpen,
    EmptyQuestion,
    NothingToRetry,
    QuestionTooLong,
    UnknownCollection,
    UnknownMessage,
)
from chat.models import Conversation, Message
from rag.models import Collection, CollectionQuerySet, Document

QUESTION_LIMIT = 100_000  # characters
TITLE_LENGTH = 60  # characters
LEASE = timedelta(seconds=15)  # an answer whose writer has not been heard of for so long is interrupted


def chosen(user: User, collections: Iterable[UUID]) -> CollectionQuerySet:
    """Raises `UnknownCollection` for one that is not visible."""
    wanted = set(collections)
    visible = Collection.objects.visible_to(user).knowledge().filter(id__in=wanted)
    if {collection.id for collection in visible} != wanted:
        raise UnknownCollection
    return visible


def choose(conversation: Conversation, model: str, collections: Iterable[UUID]) -> None:
    """Remember model, or assistant, and collections; raises `UnknownCollection`, `UnknownAssistant`."""
    visible = chosen(conversation.owner, collections)
    conversation.assistant = assistants.named(conversation.owner, model)
    conversation.model = "" if conversation.assistant else model
    conversation.save(update_fields=["model", "assistant", "updated_at"])
    conversation.collections.set(visible)


@transaction.atomic
def ask(
    conversation: Conversation, text: str, after: UUID | None = None, question_id: UUID | None = None
) -> tuple[Message, Message]:
    """Store `text` behind the message `after`, else at the end of what is shown; returns it and a place for its answer.

    With `question_id` a page that does not know whether its message arrived may send it again. Raises `EmptyQuestion`,
    `QuestionTooLong`, `AttachmentsNotReady`, `AnswerRunning`, `UnknownMessage`, `ChoiceOpen`, `AlreadyAsked`.
    """
    question = store(conversation, text, end_of(conversation, after), question_id)
    answer = place_for_answer(question)
    conversation.save(update_fields=["updated_at"])
    return question, answer


def store(conversation: Conversation, text: str, parent: Message | None, question_id: UUID | None = None) -> Message:
    """Raises what `ask` raises of the text, and `AlreadyAsked`."""
    text = fit_to_ask(conversation, text)
    question = Message(conversation=conversation, parent=parent, role=Message.Role.USER, text=text)
    question.id = question_id or question.id
    try:
        with transaction.atomic():
            question.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyAsked from error
    if not conversation.title:
        conversation.title = _title_of(question.text)
        # not over one that a person gave in another tab meanwhile
        Conversation.objects.filter(id=conversation.id, title="").update(title=conversation.title)
    return question


def fit_to_ask(conversation: Conversation, text: str) -> str:
    refuse_pending(conversation)
    return within_limits(text)


def within_limits(text: str) -> str:
    """Raises `EmptyQuestion`, `QuestionTooLong`."""
    text = kept(text).strip()
    if not text:
        raise EmptyQuestion
    if len(text) > QUESTION_LIMIT:
        raise QuestionTooLong
    return text


def end_of(conversation: Conversation, after: UUID | None) -> Message | None:
    """What the next question follows: where the one who asks sees the end, which may be another branch."""
    if after is None:
        last = conversation.last_message()
    elif (last := conversation.messages.filter(id=after).first()) is None:
        raise UnknownMessage
    if last and (last.beside_id or Message.objects.filter(beside=last).exists()):
        raise ChoiceOpen
    return last


@transaction.atomic
def retry(broken: Message) -> Message:
    """A new answer beside one that failed, was stopped or interrupted."""
    is_last = broken == broken.conversation.last_message()  # elsewhere it would hide what came after
    if broken.parent is None or broken.status not in Message.BROKEN or not is_last:
        raise NothingToRetry
    return place_for_answer(broken.parent)


def stop(answer: Message) -> None:
    """Whoever writes the answer sees this within a second, in whichever process. Two that are compared stop at once."""
    together = Q(id=answer.id) | Q(beside=answer) | Q(compared=answer)
    Message.objects.running().filter(together).update(stop_requested=True)


def place_for_answer(question: Message, **facts: object) -> Message:
    """It is shown from now on. Raises `AnswerRunning`; inside a transaction."""
    refuse_another(question.conversation)
    answer = place(question, **facts)
    show(answer)
    return answer


def refuse_another(conversation: Conversation) -> None:
    """Raises `AnswerRunning`; whoever asks at the same moment waits here, and then sees that an answer is running."""
    Conversation.objects.select_for_update(no_key=True).get(id=conversation.id)
    if conversation.messages.running().exists():
        raise AnswerRunning


def place(question: Message, **facts: Any) -> Message:
    return Message.objects.create(
        conversation=question.conversation,
        parent=question,
        role=Message.Role.ASSISTANT,
        status=Message.Status.WAITING,
        lease_until=timezone.now() + LEASE,
        **facts,
    )


def show(message: Message) -> None:
    """From now on the conversation is shown on the branch of this message, in every tab."""
    Conversation.objects.filter(id=message.conversation_id).update(shown=message)


def refuse_pending(conversation: Conversation) -> None:
    """Raises `AttachmentsNotReady`."""
    pending = [Document.Status.QUEUED, Document.Status.PARSING, Document.Status.EMBEDDING]
    if Document.objects.filter(collection=conversation.attachments_id, status__in=pending).exists():
        raise AttachmentsNotReady


def _title_of(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"
