"""What an export holds: one conversation as its owner sees it, apart from any file format."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from chat.citations import sources_of, title_of
from chat.models import Citation, Conversation, ConversationQuerySet, Message

# IPTC's word for content that a generative model made, which readers of metadata know
DIGITAL_SOURCE_TYPE = "trainedAlgorithmicMedia"
DIGITAL_SOURCE_ADDRESS = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
# what XML, and with it DOCX, ODT and the metadata of a PDF, cannot hold
UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def writable(text: str) -> str:
    return UNWRITABLE.sub("", text)


@dataclass(frozen=True)
class Turn:
    message: Message
    author: str
    text: str
    sources: list[Citation]  # those that the text names

    @property
    def is_answer(self) -> bool:
        return self.message.role == Message.Role.ASSISTANT

    @property
    def when(self) -> str:
        return date_format(timezone.localtime(self.message.created_at), "DATETIME_FORMAT")


@dataclass(frozen=True)
class Document:
    title: str
    created_at: datetime
    turns: list[Turn]

    @property
    def models(self) -> list[str]:
        return sorted({turn.message.model for turn in self.turns if turn.is_answer and turn.message.model})

    @property
    def notice(self) -> str:
        """Who wrote the answers, for people."""
        written = _("Answers in this document were written by an AI.")
        if self.models:
            models = ", ".join(self.models)
            written = _("Answers in this document were written by %(models)s (AI).") % {"models": models}
        is_edited = any(turn.message.edited for turn in self.turns)
        return written + " " + _("Some were edited by a person.") if is_edited else written


def document_of(conversation: Conversation) -> Document:
    """The branch that the page shows."""
    turns = [_turn(message) for message in conversation.thread() if not message.is_running]
    return Document(" ".join(writable(str(conversation)).split()), conversation.created_at, turns)


def _turn(message: Message) -> Turn:
    text = writable(message.text)
    if message.role == Message.Role.USER:
        return Turn(message, _("You"), text, [])
    by = " · ".join(writable(name) for name in (message.assistant, message.model) if name)  # as the page says it
    author = _("%(model)s (AI)") % {"model": by} if by else _("AI")
    if message.edited:
        author = _("%(author)s, edited by a person") % {"author": author}
    return Turn(message, author, text, sources_of(message).used)


def source_line(citation: Citation) -> str:
    return writable(f"[{citation.number}] {title_of(citation)}")


def quote_of(citation: Citation) -> str:
    """The part that fits best, in one line."""
    return " ".join(writable(citation.parts()[1]).split())


def all_of(conversations: ConversationQuerySet) -> Iterator[Conversation]:
    """Newest first, a batch at a time: a long history is never in memory as a whole."""
    yield from conversations.iterator(chunk_size=100)


def file_name(title: str, taken: Iterable[str] = ()) -> str:
    """A name that every file system takes, without its ending."""
    plain = "".join(char if char.isalnum() or char in " -_" else " " for char in title)
    name = " ".join(plain.split())[:80] or "Voliere"
    number, free = 2, name
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free
