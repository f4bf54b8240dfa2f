"""What is said of a call's energy: the figure, how it came about, and how far to trust it."""

from typing import NamedTuple

from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from gateway.models import CallEnergy, Method, Usage


class Confidence(models.TextChoices):
    GOOD = "good", _("reliable")  # measured while nobody else was answered
    FAIR = "fair", _("shared out by time")  # measured, of several calls at once
    ROUGH = "rough", _("rough")  # time by a stated power


class Figure(NamedTuple):
    energy: int  # milliwatt hours
    method: Method
    confidence: Confidence


def beside(usage: QuerySet[Usage]) -> QuerySet[Usage]:
    """Each row with what was measured of it, for `of`."""
    measured = CallEnergy.objects.filter(pk=OuterRef("pk"), is_final=True)
    return usage.annotate(
        measured_energy=Subquery(measured.values("energy")[:1]),
        was_shared=Subquery(measured.values("is_shared")[:1]),
    )


def of(usage: Usage) -> Figure | None:
    """Of a row that `beside` found; None where nothing is known."""
    measured: int | None = getattr(usage, "measured_energy", None)
    if measured is not None:
        confidence = Confidence.FAIR if getattr(usage, "was_shared", False) else Confidence.GOOD
        return Figure(measured, Method.MEASURED, confidence)
    return None if usage.energy is None else Figure(usage.energy, Method.STATED, Confidence.ROUGH)
