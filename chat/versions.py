"""Another version of a message, beside the one there is: asked or answered once more, or in other words.

What was said before stays. A version is a sibling in the tree, and the conversation is shown on its branch.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from chat import asking
from chat.context import deployment_for
from chat.copying import cite
from chat.exceptions import AnswerRunning, NothingToRetry
from chat.models import Conversation, Message
from chat.tree import Tree
from gateway.models import Deployment


@transaction.atomic
def regenerate(message: Message, model: str = "") -> Message:
    """A new answer to a question, or beside an answer: by the model named, else by the one that wrote it.

    Raises `NoModel`, `AnswerRunning`, `AttachmentsNotReady`, `NothingToRetry`.
    """
    is_question = message.role == Message.Role.USER
    question = message if is_question else message.parent
    if question is None:
        raise NothingToRetry
    asking.refuse_pending(message.conversation)
    wanted = model or ("" if is_question else message.model)
    return asking.place_for_answer(question, model=deployment_for(message.conversation, wanted).name)


@transaction.atomic
def ask_anew(question: Message, text: str) -> tuple[Message, Message]:
    """The question in other words, and a place for its answer; files and collections are the conversation's.

    Raises what `asking.ask` raises.
    """
    anew = asking.store(question.conversation, text, question.parent)
    answer = asking.place_for_answer(anew)
    question.conversation.save(update_fields=["updated_at"])
    return anew, answer


@transaction.atomic
def rewrite(answer: Message, text: str) -> Message:
    """The answer in a person's words; saved twice, it is there once.

    Raises `EmptyQuestion`, `QuestionTooLong`, `AnswerRunning`.
    """
    text = asking.within_limits(text)
    conversation = Conversation.objects.select_for_update(no_key=True).get(id=answer.conversation_id)
    if conversation.messages.running().exists():
        raise AnswerRunning
    if text == answer.text.strip():
        return answer
    beside = conversation.messages.filter(parent=answer.parent, role=answer.role, edited=True, text=text).first()
    version = beside or _rewritten(answer, text)
    asking.show(version)
    return version


def _rewritten(answer: Message, text: str) -> Message:
    """Its sources stay, so that its markers lead there; what was found out about the model's statements does not."""
    version = Message.objects.create(
        conversation=answer.conversation,
        parent=answer.parent,
        role=answer.role,
        text=text,
        model=answer.model,
        searched=answer.searched,
        searched_in=answer.searched_in,
        edited=True,
    )
    cite(version, answer.citations.all())
    return version


def offered(user: User) -> Sequence[str]:
    return list(Deployment.objects.offered_to(user, Deployment.Kind.CHAT).values_list("name", flat=True))


def prepare(messages: Iterable[Message], tree: Tree | None = None) -> list[Message]:
    """Tell each which of how many versions it is, and which is its pair: what a page shows with it. Two queries."""
    prepared = list(messages)
    if prepared:
        tree = tree or prepared[0].conversation.tree()
        pairs = _pairs(prepared[0].conversation_id, [message.id for message in prepared])
        for message in prepared:
            message.versions = tree.versions(message.id)
            if pair := pairs.get(message.id):
                message.pair, pair.pair = pair, message
    return prepared


def _pairs(conversation: UUID, ids: Iterable[UUID]) -> dict[UUID, Message]:
    wanted = set(ids)
    compared = Message.objects.filter(conversation=conversation, beside__isnull=False)
    found = compared.filter(Q(id__in=wanted) | Q(beside__in=wanted)).select_related("beside")
    pairs: dict[UUID, Message] = {}
    for second in found.prefetch_related("citations", "beside__citations"):
        if second.beside:
            pairs |= {second.beside.id: second, second.id: second.beside}
    return pairs
