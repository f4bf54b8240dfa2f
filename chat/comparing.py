"""One question, two models: their answers stand side by side until the reader takes one to go on with.

The second answer stands `beside` the first, which is what the page knows the two by. When one is taken, both are
versions as any others.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chat import asking
from chat.context import deployment_for
from chat.exceptions import AnswerRunning, NothingToCompare
from chat.models import Conversation, Message


@transaction.atomic
def ask_both(
    conversation: Conversation, text: str, other: str, after: UUID | None = None, question_id: UUID | None = None
) -> tuple[Message, Message, Message]:
    """As `asking.ask`, with a second place for the answer of the `other` model. Raises `NoModel`, too."""
    models = [deployment_for(conversation).name, deployment_for(conversation, other).name]
    question = asking.store(conversation, text, asking.end_of(conversation, after), question_id)
    first = asking.place_for_answer(question, model=models[0])
    second = asking.place(question, model=models[1], beside=first)
    conversation.save(update_fields=["updated_at"])
    return question, first, second


def may_be_compared(answer: Message) -> bool:
    """Where the conversation ends: elsewhere what follows would have to belong to one of the two."""
    is_one_of_two = answer.beside_id or Message.objects.filter(beside=answer).exists()
    return bool(answer.parent_id) and not is_one_of_two and answer == answer.conversation.last_message()


@transaction.atomic
def put_beside(answer: Message, model: str) -> Message:
    """A place for the answer of another model beside this one, which has ended.

    Raises `NoModel`, `AnswerRunning`, `AttachmentsNotReady`, `NothingToCompare`.
    """
    conversation = answer.conversation
    asking.refuse_pending(conversation)
    name = deployment_for(conversation, model).name
    asking.refuse_another(conversation)
    if answer.parent is None or not may_be_compared(answer):
        raise NothingToCompare
    return asking.place(answer.parent, model=name, beside=answer)


@transaction.atomic
def take(answer: Message) -> None:
    """Go on with this one. The other stays as a version; if it is still being written, it is stopped.

    Raises `AnswerRunning` as long as this one is.
    """
    if answer.is_running:
        raise AnswerRunning
    asking.stop(answer)
    Message.objects.filter(Q(id=answer.id) | Q(beside=answer)).update(beside=None)
    asking.show(answer)
