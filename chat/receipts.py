"""What is kept of how an answer came about: the notes of the calls made for it. Belongs to `chat.models`, which gives
it out; `chat.disclosure` says what a reader is shown."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from gateway.receipts import Note, settled

TITLE = "title"  # a purpose of our own, beside the gateway's


class Receipt(models.Model):
    message = models.OneToOneField("chat.Message", on_delete=models.CASCADE, primary_key=True, related_name="receipt")
    notes = models.JSONField(default=list, help_text="as gateway.receipts makes them")

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")

    def __str__(self) -> str:
        return str(self.message_id)


def of(answer: UUID) -> list[Note]:
    found = Receipt.objects.filter(message=answer).first()
    return found.notes if found else []


def keep(answer: UUID, notes: Sequence[Note]) -> None:
    """In place of what was kept before."""
    if not notes:
        Receipt.objects.filter(message=answer).delete()
        return
    try:
        with transaction.atomic():
            Receipt.objects.update_or_create(message_id=answer, defaults={"notes": settled(notes)})
    except IntegrityError:
        pass  # the conversation was removed meanwhile


def name_title(notes: Sequence[Note]) -> None:
    for note in notes:
        note["purpose"] = TITLE


def copy(pairs: Iterable[tuple[UUID, UUID]], *, for_another: bool) -> None:
    """From messages to copies of them."""
    copies = dict(pairs)
    for found in Receipt.objects.filter(message__in=copies):
        notes = [impersonal(note) for note in found.notes] if for_another else found.notes
        Receipt.objects.create(message_id=copies[found.message_id], notes=notes)


def impersonal(note: Note) -> Note:
    """Without the way to the ledger, and without what counted as the person's money."""
    kept = Note(**note)
    for name in ("call", "cost", "currency"):
        kept.pop(name, None)  # type: ignore[misc]  # these may be missing
    return kept
