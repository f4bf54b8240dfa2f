"""Messages and their sources, copied into another conversation."""

from collections.abc import Callable, Iterable, Sequence

from chat import receipts
from chat.models import Citation, Conversation, Message

SAID = ("role", "status", "text", "error", "reason", "model", "assistant", "searched", "edited", "finish", "created_at")
OWN = (*SAID, "reasoning", "thinking_seconds", "searched_in", "support", "left_out")


def copy(
    messages: Sequence[Message], into: Conversation, fields: Iterable[str], may_cite: Callable[[Citation], bool]
) -> list[Message]:
    """One behind the other, with those of their sources that may be taken along."""
    copies: list[Message] = []
    for message in messages:
        facts = {field: getattr(message, field) for field in fields}
        copies.append(Message(conversation=into, parent=copies[-1] if copies else None, **facts))
    Message.objects.bulk_create(copies)
    pairs = zip(messages, copies, strict=True)
    cited = [_cited_by(mine, each) for message, mine in pairs for each in filter(may_cite, message.citations.all())]
    Citation.objects.bulk_create(cited)
    for_another = any(message.conversation.owner_id != into.owner_id for message in messages)
    receipts.copy(
        zip([each.id for each in messages], [each.id for each in copies], strict=True), for_another=for_another
    )
    return copies


def cite(message: Message, citations: Iterable[Citation]) -> None:
    """As another's sources are numbered."""
    Citation.objects.bulk_create([_cited_by(message, citation) for citation in citations])


def _cited_by(message: Message, citation: Citation) -> Citation:
    citation.pk, citation.message = None, message
    return citation
