"""The part of a conversation that a page shows: a long one opens as fast as a short one."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from chat.models import Conversation, Message
from chat.versions import prepare

LENGTH = 20  # messages
BEFORE = 4  # messages shown before one that was asked for


@dataclass(frozen=True)
class Window:
    messages: list[Message]
    has_earlier: bool = False
    has_later: bool = False
    last: UUID | None = None  # of the branch: what the next question follows
    is_aside: bool = False  # another branch than the one that the conversation is shown on

    @classmethod
    def of(cls, conversation: Conversation, *, message: UUID | None = None, before: UUID | None = None) -> Self:
        """The newest messages; those around `message`; those `before` one. Ids that are not there are ignored."""
        tree = conversation.tree()
        branch = tree.branch(message or before)
        end = len(branch)
        if before in branch:
            end = branch.index(before)
        elif message in branch:
            end = min(end, max(branch.index(message) - BEFORE, 0) + LENGTH)
        start = max(end - LENGTH, 0)
        shown = [_first(message) for message in prepare(conversation.in_order(branch[start:end]), tree)]
        is_aside = bool(message) and branch != tree.branch()
        return cls(shown, start > 0, end < len(branch), branch[-1] if branch else None, is_aside)

    @property
    def first(self) -> Message:
        return self.messages[0]

    @property
    def running(self) -> Message | None:
        pairs = (message.pair for message in self.messages if message.pair)
        return next((message for message in (*self.messages, *pairs) if message.is_running), None)


def _first(message: Message) -> Message:
    """Of two that are compared, whichever the branch goes through."""
    return message.pair if message.beside_id and message.pair else message
