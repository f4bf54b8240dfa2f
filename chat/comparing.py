"""One question, two models: both answer at once, side by side, until the reader takes one to go on with.

The second answer stands `beside` the first, which is what the page knows the two by. When one is taken, both are
versions as any others.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chat import asking
from chat.context import deployment_for
from chat.exceptions import AnswerRunning
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
