"""The part of a conversation that a page shows: a long one opens as fast as a short one."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from chat.models import Conversation, Message

LENGTH = 20  # messages
BEFORE = 4  # messages shown before one that was asked for


@dataclass(frozen=True)
class Window:
    messages: list[Message]
    has_earlier: bool = False
    has_later: bool = False

    @classmethod
    def of(cls, conversation: Conversation, *, message: UUID | None = None, before: UUID | None = None) -> Self:
        """The newest messages; those around `message`; those `before` one. Ids that are not there are ignored."""
        branch = conversation.branch(message or before)
        end = len(branch)
        if before in branch:
            end = branch.index(before)
        elif message in branch:
            end = min(end, max(branch.index(message) - BEFORE, 0) + LENGTH)
        start = max(end - LENGTH, 0)
        return cls(conversation.in_order(branch[start:end]), start > 0, end < len(branch))

    @property
    def first(self) -> Message:
        return self.messages[0]

    @property
    def running(self) -> Message | None:
        return next((message for message in self.messages if message.is_running), None)
