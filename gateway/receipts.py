"""What is noted of the calls that are made for one answer: by which model, where, and what they took.

`begin` opens a list. Every call that is made after it in the same task, or in one begun by it, is put there as soon as
something may be sent, and filled in at its end. A note holds no content, and stays true when the deployment it names is
changed or gone.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, TypedDict
from uuid import UUID

from django.conf import settings

from gateway import connections
from gateway.energy import figures
from gateway.exceptions import GatewayError, UpstreamUnreachable
from gateway.metering import Consumption, cost_of
from gateway.models import Deployment, Usage

LEDGERS = ("input_tokens", "output_tokens", "estimated", "cost", "energy", "queued_ms", "first_token_ms", "duration_ms")


class Note(TypedDict, total=False):
    call: str  # of the ledger; of several with the same one the last was answered
    kind: str
    purpose: str
    model: str  # public name
    licence: str
    openness: str
    origin: str
    size: str
    quantisation: str
    card: str
    upstream: str
    place: str
    embedded: bool  # it is the one that comes along
    in_house: bool
    reached: str  # connections.Reached
    watts: int | None
    status: str
    input_tokens: int
    output_tokens: int
    estimated: bool
    cost: int
    currency: str
    energy: int | None
    method: str  # of the energy: models.Method
    confidence: str  # figures.Confidence
    queued_ms: int
    first_token_ms: int | None
    duration_ms: int


_notes: ContextVar[list[Note] | None] = ContextVar("notes", default=None)


def begin() -> list[Note]:
    notes: list[Note] = []
    _notes.set(notes)
    return notes


def sending(call: UUID, deployment: Deployment, purpose: str) -> Note:
    """Empty where nobody keeps it."""
    if (notes := _notes.get()) is None:
        return Note()
    upstream = deployment.upstream
    note = Note(
        call=str(call),
        kind=deployment.kind,
        purpose=purpose,
        model=deployment.name,
        licence=deployment.licence,
        openness=deployment.openness,
        origin=deployment.origin,
        size=deployment.size,
        quantisation=deployment.quantisation,
        card=deployment.card,
        upstream=upstream.name,
        place=upstream.place,
        embedded=upstream.is_embedded,
        in_house=upstream.in_house,
        watts=upstream.watts,
    )
    notes.append(note)
    return note


def sent(note: Note, deployment: Deployment, error: GatewayError | None) -> None:
    """What was never sent is not noted: nobody was there who could have got it."""
    if not note:
        return
    if isinstance(error, UpstreamUnreachable):
        notes = _notes.get() or []
        notes[:] = [other for other in notes if other is not note]
    note["reached"] = connections.reached(deployment.upstream)
    note["status"] = Usage.Status.FAILED if error else Usage.Status.ABORTED


def ended(note: Note, deployment: Deployment, consumed: Consumption, queued_ms: int) -> None:
    if not note:
        return
    told = Note(
        status=consumed.status,
        input_tokens=consumed.input_tokens,
        output_tokens=consumed.output_tokens,
        estimated=consumed.estimated,
        cost=cost_of(deployment, consumed.input_tokens, consumed.output_tokens),
        currency=settings.CURRENCY,
        queued_ms=queued_ms,
        first_token_ms=consumed.first_token_ms,
        duration_ms=consumed.duration_ms,
    )
    note.update(told)


def settled(notes: Iterable[Note]) -> list[Note]:
    """With what the ledger says of them, as long as it does: it alone knows the energy, and the end of a call whose
    process was killed."""
    found = [Note(**note) for note in notes]
    last = {note["call"]: note for note in found}
    for row in figures.beside(Usage.objects.filter(pk__in=last)):
        known: dict[str, Any] = {name: getattr(row, name) for name in ("status", *LEDGERS)}
        if energy := figures.of(row):
            known |= {"energy": energy.energy, "method": energy.method, "confidence": energy.confidence}
        last[str(row.pk)].update(known)  # type: ignore[typeddict-item]  # which columns, is said above
    return found
