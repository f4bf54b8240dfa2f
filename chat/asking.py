"""A question is stored, with a place for its answer, before any model is called."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from chat import assistants
from chat.exceptions import (
    AlreadyAsked,
    AnswerRunning,
    AttachmentsNotReady,
    EmptyQuestion,
    NothingToRetry,
    QuestionTooLong,
    UnknownCollection,
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
def ask(conversation: Conversation, text: str, question_id: UUID | None = None) -> tuple[Message, Message]:
    """Store `text` at the end of the conversation and return the question and the answer to be written.

    With `question_id` a page that does not know whether its message arrived may send it again. Raises
    `EmptyQuestion`, `QuestionTooLong`, `AttachmentsNotReady`, `AnswerRunning`, `AlreadyAsked`.
    """
    text = text.replace("\x00", "").strip()
    if not text:
        raise EmptyQuestion
    if len(text) > QUESTION_LIMIT:
        raise QuestionTooLong
    if _attachments_pending(conversation):
        raise AttachmentsNotReady
    question = _stored(conversation, text, question_id)
    answer = _place_for_answer(question)
    conversation.save(update_fields=["updated_at"])
    if not conversation.title:
        conversation.title = _title_of(text)
        # not over one that a person gave in another tab meanwhile
        Conversation.objects.filter(id=conversation.id, title="").update(title=conversation.title)
    return question, answer


def _stored(conversation: Conversation, text: str, question_id: UUID | None) -> Message:
    question = Message(conversation=conversation, parent=conversation.last_message(), role=Message.Role.USER, text=text)
    if question_id is None:
        question.save()
        return question
    question.id = question_id
    try:
        with transaction.atomic():
            question.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyAsked from error
    return question


@transaction.atomic
def retry(broken: Message) -> Message:
    """A new answer beside one that failed, was stopped or interrupted."""
    is_last = broken == broken.conversation.last_message()  # elsewhere it would hide what came after
    if broken.parent is None or broken.status not in Message.BROKEN or not is_last:
        raise NothingToRetry
    return _place_for_answer(broken.parent)


def stop(answer: Message) -> None:
    """Whoever writes the answer sees this within a second, in whichever process."""
    Message.objects.running().filter(id=answer.id).update(stop_requested=True)


def _place_for_answer(question: Message) -> Message:
    try:
        with transaction.atomic():
            return Message.objects.create(
                conversation=question.conversation,
                parent=question,
                role=Message.Role.ASSISTANT,
                status=Message.Status.WAITING,
                lease_until=timezone.now() + LEASE,
            )
    except IntegrityError as error:
        raise AnswerRunning from error


def _attachments_pending(conversation: Conversation) -> bool:
    pending = [Document.Status.QUEUED, Document.Status.PARSING, Document.Status.EMBEDDING]
    return Document.objects.filter(collection=conversation.attachments_id, status__in=pending).exists()


def _title_of(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rsplit(" ", 1)[0] + "…"
