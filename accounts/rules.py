"""How people come in: one row, which the panel changes."""

import time
from typing import Any

from django.contrib.postgres.fields import ArrayField
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


def forget() -> None:
    global _known
    _known = None
