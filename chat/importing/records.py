"""Conversations out of somebody's file, checked, before anything of them is stored. Nothing in it is trusted."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import pairwise
from typing import Any

from django.utils import timezone

from chat.characters import kept
from chat.models import Message

MOST_MESSAGES = 5_000  # of one conversation
LONGEST_TEXT = 1_000_000  # characters of one message
MOST_CITATIONS = 50  # of one message
LONGEST_QUOTE = 20_000  # characters
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """This conversation cannot be taken over; the others can."""


@dataclass
class ImportedMessage:
    id: str  # as the file calls it
    parent: str | None
    role: str
    text: str
    created_at: datetime
    status: str = Message.Status.DONE
    model: str = ""
    assistant: str = ""
    edited: bool = False
    citations: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class ImportedConversation:
    origin: str
    title: str
    created_at: datetime
    updated_at: datetime
    messages: list[ImportedMessage]  # parents before their children
    model: str = ""
    pinned: bool = False
    archived: bool = False
    keeps_in_house: bool = False
    shown: str = ""  # a message of the branch that was chosen


def text_in(value: Any, limit: int) -> str:
    """Raises `Unreadable` for what is too long: half a text is not what was said."""
    if not isinstance(value, str):
        return ""
    if len(value) > limit:
        raise Unreadable
    return kept(value)


def line_in(value: Any, limit: int) -> str:
    """One line, cut where it is too long."""
    return " ".join(text_in(value, LONGEST_TEXT).split())[:limit]


def moment_in(value: Any) -> datetime:
    """From seconds or ISO 8601; the present for anything else, and for what lies before or after its time."""
    try:
        if isinstance(value, bool):
            raise TypeError
        is_seconds = isinstance(value, int | float)
        found = datetime.fromtimestamp(value, UTC) if is_seconds else datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return timezone.now()
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if EARLIEST <= found <= timezone.now() else timezone.now()


def in_order(messages: list[ImportedMessage]) -> list[ImportedMessage]:
    """As they were said, but parents before their children and no two at the same moment.

    Raises `Unreadable` when one has no way to a first message, as in a circle, and for two of the same name.
    """
    children: dict[str | None, list[ImportedMessage]] = {}
    for message in messages:
        children.setdefault(message.parent, []).append(message)
    if not messages or len(messages) > MOST_MESSAGES or len({each.id for each in messages}) < len(messages):
        raise Unreadable
    found: list[ImportedMessage] = []
    numbers = {id(message): number for number, message in enumerate(messages)}
    ready = [(each.created_at, numbers[id(each)], each) for each in children.get(None, [])]
    heapify(ready)
    while ready:
        found.append(heappop(ready)[2])
        for child in children.get(found[-1].id, []):
            heappush(ready, (child.created_at, numbers[id(child)], child))
    if len(found) < len(messages):
        raise Unreadable
    for before, after in pairwise(found):
        after.created_at = max(after.created_at, before.created_at + timedelta(microseconds=1))
    return found
