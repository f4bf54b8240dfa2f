"""How people come in: one row, which the panel changes."""

import time
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.roles import EVERY_ROLE

REMEMBERED = 2.0  # seconds: every request asks, and what changes takes effect within five

_known: "tuple[float, HouseRules] | None" = None


class HouseRules(models.Model):
    second_factor_for = ArrayField(
        models.CharField(max_length=10, choices=EVERY_ROLE),
        default=list,
        blank=True,
        verbose_name=_("second factor required for"),
        help_text=_("Who has none is led to set one up before anything else."),
    )
    open_sign_up = models.BooleanField(
        _("open sign-up"), default=False, help_text=_("Anyone who reaches this page may create an account.")
    )
    invitation_days = models.PositiveSmallIntegerField(_("an invitation is valid for (days)"), default=7)

    works_council = models.BooleanField(
        _("works-council mode"),
        default=False,
        help_text=_(
            "No usage by person anywhere, figures of teams from five people on. It takes two people to switch it off: "
            "ask under “Break-glass”."
        ),
    )
    pseudonymous_after = models.PositiveSmallIntegerField(
        _("the ledger forgets who called after (days)"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text=_("In works-council mode. Whose calls belong together is then told for a day at most, not whose."),
    )
    pseudonymous_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-in")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="house_rules_once")]

    def __str__(self) -> str:
        return str(_("Sign-in"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)
        forget()


def current() -> HouseRules:
    """As they stood a moment ago."""
    global _known
    if _known is None or time.monotonic() - _known[0] >= REMEMBERED:
        _known = (time.monotonic(), HouseRules.objects.filter(pk=1).first() or HouseRules(pk=1))
    return _known[1]


def switch_council_off() -> None:
    HouseRules.objects.filter(pk=1).update(works_council=False)
    forget()


def forget() -> None:
    global _known
    _known = None
