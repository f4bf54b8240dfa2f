"""What a person thinks of an answer. Why they think so is for themselves; others see how many think so of a model."""

from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chat.characters import kept
from chat.models import Message

LONGEST = 500  # characters
GOOD, BAD = Message.Opinion.GOOD, Message.Opinion.BAD
REASONS: dict[str, dict[str, Promise]] = {
    GOOD: {
        "right": _("Correct"),
        "clear": _("Easy to understand"),
        "sources": _("Well supported by its sources"),
        "useful": _("Saved me work"),
    },
    BAD: {
        "wrong": _("Not correct"),
        "unclear": _("Hard to understand"),
        "sources": _("Not supported by its sources"),
        "missed": _("Did not do what I asked"),
        "incomplete": _("Something is missing"),
    },
}


@dataclass(frozen=True)
class Tally:
    model: str
    good: int
    bad: int


def give(answer: Message, opinion: str, reason: str = "", words: str = "") -> None:
    """An empty opinion takes it back. A reason that is not one for this opinion is left out."""
    answer.opinion = opinion
    answer.opinion_reason = reason if reason in REASONS.get(opinion, {}) else ""
    answer.opinion_text = " ".join(kept(words).split())[:LONGEST] if opinion else ""
    answer.save(update_fields=["opinion", "opinion_reason", "opinion_text"])


def by_model() -> list[Tally]:
    """How many think well and badly of each model's answers, those of a person's words apart. Most spoken of first."""
    judged = Message.objects.exclude(opinion="").filter(edited=False, conversation__deleted_at=None)
    counted = judged.values("model").annotate(
        good=Count("id", filter=Q(opinion=GOOD)), bad=Count("id", filter=Q(opinion=BAD))
    )
    counts = [Tally(row["model"], row["good"], row["bad"]) for row in counted]
    return sorted(counts, key=lambda count: (-count.good - count.bad, count.model))
