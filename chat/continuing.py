"""An answer that broke off goes on: a version of it that begins with the words there were.

What was said stays as it was said, so that a share still shows it and nothing can be lost by trying. Not every server
goes on with a text that it is given as an answer; each understands to be asked. The model is asked to begin with the
last words it wrote, which shows where the two join, also in the middle of a word.
"""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from django.db import transaction

from chat import asking, receipts
from chat.context import deployment_for
from chat.copying import cite
from chat.exceptions import NothingToContinue
from chat.models import Citation, Message
from chat.prompts import CHARACTERS_PER_TOKEN, DEFAULT_CONTEXT, ChatMessage
from chat.rewriting import EXTRACTIVE
from gateway.models import Deployment
from rag.retrieval import Passage

KEPT = 3  # messages that no context is too short for: the question, what was begun, and that it should go on
BEGUN_SHARE = 0.25  # of the context for what was begun; of more, its end is shown
ANCHOR = 40  # characters that the model is asked to repeat
SHORTEST = 8  # of them that are taken for a repetition
PUNCTUATION = tuple(" \n\t.,;:!?)]}…”“’")

TASK = """\
Your answer broke off. Go on with it exactly where it ended: first repeat its last characters, which are
«{}»
and then write on, without a word about this request, in the same language and form. Do not begin anew."""


@transaction.atomic
def resume(answer: Message) -> Message:
    """Raises `NothingToContinue`, `NoModel`, `AnswerRunning`."""
    if not answer.can_go_on or answer.parent is None:
        raise NothingToContinue
    model = deployment_for(answer.conversation, answer.model).name
    facts = {"text": answer.text, "searched": answer.searched, "searched_in": answer.searched_in}
    thoughts = {"reasoning": answer.reasoning, "thinking_seconds": answer.thinking_seconds}
    onward = asking.place_for_answer(answer.parent, model=model, edited=answer.edited, **facts, **thoughts)
    cite(onward, answer.citations.all())
    receipts.copy([(answer.id, onward.id)], for_another=False)
    return onward


def asked(history: Sequence[ChatMessage], begun: str, deployment: Deployment) -> list[ChatMessage]:
    """One that only quotes quotes the same again, and is asked nothing more."""
    if not begun or deployment.model == EXTRACTIVE:
        return list(history)
    room = int((deployment.context_length or DEFAULT_CONTEXT) * BEGUN_SHARE) * CHARACTERS_PER_TOKEN
    task = TASK.format(begun.rstrip()[-ANCHOR:])
    return [*history, {"role": "assistant", "content": begun[-room:]}, {"role": "user", "content": task}]


class Seam:
    """Takes what the model says and gives what is new of it."""

    def __init__(self, begun: str, deployment: Deployment) -> None:
        self.begun = begun
        self.longest = len(begun) if deployment.model == EXTRACTIVE else ANCHOR
        self.held: str | None = "" if begun else None  # nothing to join: all of it is new

    def take(self, text: str) -> str:
        if self.held is None:
            return text
        self.held += text
        return self.end() if len(self.held.lstrip()) > self.longest else ""

    def end(self) -> str:
        """What was held back until it could be told."""
        held, self.held = self.held, None
        return joined(self.begun, held) if held else ""


def joined(begun: str, text: str) -> str:
    """`text` without what it repeats of the end of `begun`, and with the space that belongs between them."""
    said, words = text.lstrip(), begun.rstrip()
    for length in range(min(len(said), len(words)), SHORTEST - 1, -1):
        if words.endswith(said[:length]):
            return said[length:].removeprefix(begun[len(words) :])
    is_apart = not begun or begun[-1].isspace() or text.startswith(PUNCTUATION)
    return text if is_apart else f" {text}"


def passages_of(sources: Iterable[Citation]) -> list[Passage]:
    """Those the answer has been given already: its markers name them."""
    return [
        Passage(
            document_id=citation.document_id or uuid4(),  # gone; a model is told its name alone
            document_name=citation.document_name,
            version=citation.version,
            page=citation.page,
            start=citation.start,
            end=citation.end,
            text=citation.text,
            score=0.0,
            focus_start=citation.focus_start,
            focus_end=citation.focus_end,
            page_kind=citation.page_kind,
            page_label=citation.page_label,
        )
        for citation in sources
    ]
