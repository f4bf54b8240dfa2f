"""Take conversations over: each whole or not at all, none twice, and a report of what became of them."""

from dataclasses import dataclass, field

from django.core.files.uploadedfile import UploadedFile
from django.db import DataError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from chat.exceptions import ImportRefused
from chat.importing.reading import conversations_in
from chat.importing.records import ImportedConversation, ImportedMessage, Unreadable
from chat.models import Citation, Conversation, Message

MOST_CONVERSATIONS = 20_000


@dataclass
class Report:
    taken: int = 0
    known: int = 0  # were here already
    unreadable: list[int] = field(default_factory=list)  # which of the file, counted from 1
    broken_off: str = ""  # why the rest of the file could not be read

    def sentences(self) -> list[str]:
        told = [ngettext("%(n)s conversation was imported.", "%(n)s conversations were imported.", self.taken)]
        counts = [self.taken]
        if self.known:
            told.append(ngettext("%(n)s was already there.", "%(n)s were already there.", self.known))
            counts.append(self.known)
        if self.unreadable:
            told.append(ngettext("%(n)s could not be read.", "%(n)s could not be read.", len(self.unreadable)))
            counts.append(len(self.unreadable))
        return [sentence % {"n": count} for sentence, count in zip(told, counts, strict=True)]


def take_over(user: User, file: "UploadedFile[bytes]") -> Report:
    """Raises `ImportRefused` when nothing of the file could be read; otherwise the report tells how far it went."""
    known, report, number = _known(user), Report(), 0
    try:
        for number, (read, value) in enumerate(conversations_in(file), start=1):
            if number > MOST_CONVERSATIONS:
                limit = _("At most %(n)s conversations are imported at once.")
                raise ImportRefused(limit % {"n": MOST_CONVERSATIONS})
            try:
                _take(user, read(value), known, report)
            except (Unreadable, DataError):
                report.unreadable.append(number)
    except ImportRefused as refused:
        if not number:
            raise
        report.broken_off = str(refused)
    if not number:
        raise ImportRefused(_("There is no conversation in this file."))
    return report


def _known(user: User) -> set[str]:
    """What was imported before, and what the person's own export would call what is here."""
    rows = Conversation.objects.visible_to(user).values_list("origin", "id")
    return {name for origin, identity in rows for name in (origin, f"voliere:{identity}") if name}


def _take(user: User, imported: ImportedConversation, known: set[str], report: Report) -> None:
    if imported.origin and imported.origin in known:
        report.known += 1
        return
    store(user, imported)
    known.add(imported.origin)
    report.taken += 1


@transaction.atomic
def store(user: User, imported: ImportedConversation) -> Conversation:
    conversation = Conversation.objects.create(
        owner=user,
        title=imported.title,
        titled=bool(imported.title),
        model=imported.model,
        pinned=imported.pinned,
        archived=imported.archived,
        keeps_in_house=imported.keeps_in_house,
        origin=imported.origin,
        created_at=imported.created_at,
    )
    messages = _messages(conversation, imported.messages)
    Message.objects.bulk_create(messages, batch_size=500)
    pairs = list(zip(messages, imported.messages, strict=True))
    shown = next((message for message, source in pairs if source.id == imported.shown), None)
    citations = [Citation(message=message, **facts) for message, source in pairs for facts in source.citations]
    Citation.objects.bulk_create(citations, batch_size=500)
    last_used = max(imported.updated_at, imported.created_at)
    Conversation.objects.filter(id=conversation.id).update(updated_at=last_used, shown=shown)  # saving says: now
    return conversation


def _messages(conversation: Conversation, imported: list[ImportedMessage]) -> list[Message]:
    stored: dict[str, Message] = {}
    for source in imported:
        stored[source.id] = Message(
            conversation=conversation,
            parent=stored[source.parent] if source.parent else None,
            role=source.role,
            status=source.status,
            text=source.text,
            model=source.model,
            assistant=source.assistant,
            edited=source.edited,
            searched=bool(source.citations),
            created_at=source.created_at,
        )
    return list(stored.values())
