"""What does not fit into a model's context is left out, and said: the last passages, the first messages."""

from collections.abc import Sequence
from typing import TypedDict

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat import continuing
from chat.context import Context, role_of
from chat.prompts import ANSWER_SHARE, CHARACTERS_PER_TOKEN, DEFAULT_CONTEXT, ChatMessage, build_messages
from rag.prompts import source_element
from rag.retrieval import Passage

PASSAGE_SHARE = 0.75  # of what is left beside the answer and the question


class LeftOut(TypedDict):
    messages: int
    passages: int


def messages_of(context: Context, found: Sequence[Passage], begun: str) -> tuple[list[ChatMessage], LeftOut | None]:
    """What is sent to the model, and how much is not; `begun` is what an answer that goes on says so far."""
    length = context.deployment.context_length
    passages = those_that_fit(found, context.question + begun, length)
    history = continuing.asked(context.history, begun, context.deployment)
    messages = build_messages(
        history,
        passages,
        searched=context.searched,
        context=length,
        instructions=context.instructions,
        role=role_of(context.assistant),
        personal=context.personal,
        at_least=continuing.KEPT if begun else 1,
    )
    return messages, left_out(history, messages, found, passages)


def those_that_fit(passages: Sequence[Passage], question: str, context: int | None) -> list[Passage]:
    """The first of them, which are the best; one always stays."""
    room = int((context or DEFAULT_CONTEXT) * (1 - ANSWER_SHARE)) * CHARACTERS_PER_TOKEN - len(question)
    left, kept = room * PASSAGE_SHARE, list[Passage]()
    for number, passage in enumerate(passages, start=1):
        left -= len(source_element(number, passage))
        if kept and left < 0:
            break
        kept.append(passage)
    return kept


def left_out(
    history: Sequence[ChatMessage], sent: Sequence[ChatMessage], found: Sequence[Passage], kept: Sequence[Passage]
) -> LeftOut | None:
    """`sent` has a system message before what is left of `history`."""
    counts: LeftOut = {"messages": len(history) + 1 - len(sent), "passages": len(found) - len(kept)}
    return counts if any(counts.values()) else None


def in_words(left_out: LeftOut) -> str:
    messages, passages = left_out["messages"], left_out["passages"]
    first = ngettext("The first message", "The first %(n)s messages", messages) % {"n": messages}
    some = ngettext("%(n)s passage", "%(n)s passages", passages) % {"n": passages}
    told = [sentence for sentence, count in ((first, messages), (some, passages)) if count]
    return _("%(what)s did not fit.") % {"what": _(" and ").join(told)}
