"""An answer's receipt as one reader is shown it: who wrote it and where, what left the house, what it took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat import receipts
from chat.citations import address_of, link_to_passage, sources_of, title_of
from chat.models import Citation, Message
from chat.receipts import TITLE, impersonal
from gateway import amounts
from gateway.connections import Reached
from gateway.energy.figures import Confidence
from gateway.models import Deployment, Method, Purpose
from gateway.receipts import Note, settled

REACHED: dict[str, Promise] = {
    Reached.THIS_MACHINE: gettext_lazy("on this machine"),
    Reached.PRIVATE: gettext_lazy("in the private network"),
    Reached.PUBLIC: gettext_lazy("at a public address of the internet"),
}
ANSWER = gettext_lazy("the question and what was said before in this chat")
WITH_PASSAGES = gettext_lazy("the question, what was said before in this chat, and the passages below")
GIVEN: dict[str, Promise] = {  # by purpose of a chat model's call, or by kind of model
    TITLE: gettext_lazy("the beginning of question and answer, to find a title"),
    Purpose.RETRIEVAL: gettext_lazy("the question and what it refers to, to search for the right words"),
    Deployment.Kind.EMBEDDING: gettext_lazy("sentences of question, answer and sources, to compare what they mean"),
    Deployment.Kind.RERANK: gettext_lazy("the question and the passages found, to sort them"),
}
Link = tuple[int, str, str]  # number, address, title


@dataclass(frozen=True)
class Stop:
    """A server that got something, and what."""

    note: Note
    what: str

    @property
    def server(self) -> str:
        return _("Voliere’s own model server") if self.note.get("embedded") else self.note["upstream"]

    @property
    def where(self) -> str:
        place = "" if self.note.get("embedded") else self.note.get("place", "")
        parts = [place, str(REACHED.get(self.note.get("reached", ""), ""))]
        return ", ".join(part for part in parts if part)

    @property
    def card(self) -> str:
        """Its address, if it is one of the web."""
        address = self.note.get("card", "")
        return address if address.startswith(("https://", "http://")) else ""

    @property
    def openness(self) -> str:
        labels = dict(Deployment.Openness.choices)
        return str(labels.get(self.note.get("openness", ""), ""))


@dataclass(frozen=True)
class Disclosure:
    wrote: Stop | None  # whose words stand in the answer
    stops: list[Stop]
    figures: list[tuple[str, str]]
    used: list[Link]
    unused: list[Link]
    hidden: int  # passages that the reader may not open

    @property
    def outside(self) -> dict[str, str]:
        """Servers that no admin calls the house's own, with where each of them is."""
        return {stop.server: stop.where for stop in self.stops if not stop.note.get("in_house")}

    @property
    def is_near(self) -> bool:
        """All of those were reached at an address of one's own: what is behind them, nobody has said."""
        near = (Reached.THIS_MACHINE, Reached.PRIVATE)
        return all(stop.note.get("in_house") or stop.note.get("reached") in near for stop in self.stops)


def to_owner(message: Message) -> Disclosure:
    found, sources = settled(receipts.of(message.id)), sources_of(message)
    return of_notes(found, _own(sources.used), _own(sources.unused))


def to_reader(message: Message, allowed: set[Citation]) -> Disclosure:
    """Of a share: `allowed` are the sources that they may open; the person's money is not theirs to know."""
    found = [impersonal(note) for note in settled(receipts.of(message.id))]
    sources = sources_of(message)
    used, unused = ([each for each in given if each in allowed] for given in (sources.used, sources.unused))
    hidden = len(sources.used) + len(sources.unused) - len(used) - len(unused)
    return of_notes(found, _direct(used), _direct(unused), hidden)


def of_notes(notes: Sequence[Note], used: list[Link], unused: list[Link], hidden: int = 0) -> Disclosure:
    answering = [note for note in notes if _answers(note)]
    answer = WITH_PASSAGES if used or unused or hidden else ANSWER
    stops = [Stop(note, str(_given(note, answer))) for note in notes]
    wrote = next((stop for stop in reversed(stops) if stop.note in answering), None)
    return Disclosure(wrote, stops, figures(answering) if answering else [], used, unused, hidden)


def _answers(note: Note) -> bool:
    return note.get("kind") == Deployment.Kind.CHAT and note.get("purpose") == Purpose.CHAT


def _given(note: Note, answer: Promise) -> Promise:
    return GIVEN.get(note["purpose"] if note["kind"] == Deployment.Kind.CHAT else note["kind"], answer)


def _own(citations: Iterable[Citation]) -> list[Link]:
    return [(each.number, address_of(each), title_of(each)) for each in citations]


def _direct(citations: Iterable[Citation]) -> list[Link]:
    return [(each.number, *link_to_passage(each)) for each in citations]


def figures(notes: Sequence[Note]) -> list[tuple[str, str]]:
    """What writing the answer took; of several calls the sum."""
    rows = [(_("Tokens"), _tokens(notes)), (_("Waited in line"), _seconds(notes, "queued_ms"))]
    first = next((note["first_token_ms"] for note in notes if note.get("first_token_ms") is not None), None)
    rows.append((_("First word after"), _in_seconds(first)))
    rows.append((_("All told"), _seconds(notes, "duration_ms")))
    rows.append((_("Energy"), _energy(notes)))
    if all("cost" in note for note in notes):
        cost = sum(note["cost"] for note in notes)
        rows.append((_("Cost"), amounts.money(cost) if cost else _("none: no price is set for this model")))
    return [(label, text) for label, text in rows if text]


def _tokens(notes: Sequence[Note]) -> str:
    if not any("input_tokens" in note for note in notes):
        return _("not known: the answer was cut off")
    told = {
        "given": amounts.number(sum(note.get("input_tokens", 0) for note in notes)),
        "written": amounts.number(sum(note.get("output_tokens", 0) for note in notes)),
    }
    text = _("%(given)s read, %(written)s written") % told
    return _("%(figure)s (estimated)") % {"figure": text} if any(note.get("estimated") for note in notes) else text


def _seconds(notes: Sequence[Note], name: str) -> str:
    told = [note[name] for note in notes if name in note]  # type: ignore[literal-required]
    return _in_seconds(sum(told)) if told else ""


def _in_seconds(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return _("%(seconds)s s") % {"seconds": amounts.number(Decimal(milliseconds) / 1000, 1)}


def _energy(notes: Sequence[Note]) -> str:
    """With how it is known."""
    measured = [note["energy"] for note in notes if note.get("energy") is not None]
    if not measured:
        return _("not measured")
    text = amounts.energy(sum(energy or 0 for energy in measured))
    methods = {note["method"] for note in notes if note.get("method")}
    if Method.MEASURED in methods:
        if len(methods) > 1:
            return text + ", " + _("measured in part")
        is_good = all(note.get("confidence") in (None, Confidence.GOOD) for note in notes)
        confidence = Confidence.GOOD if is_good else Confidence.FAIR
        return f"{text}, {Method.MEASURED.label} ({confidence.label})"
    watts = next((note["watts"] for note in notes if note.get("watts")), None)
    if watts is None:
        return text
    how = _("reckoned from the %(watts)s W that this server is said to draw, shared by the calls it answered at once")
    return f"{text}, {how % {'watts': amounts.number(watts)}}"
