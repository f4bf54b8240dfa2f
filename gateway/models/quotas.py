from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q, Value
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import council
from gateway import amounts


class QuotaQuerySet(models.QuerySet["Quota"]):
    def with_seal(self) -> Self:
        """Each with `is_sealed`: what is left of a person's quota says how much they used, and so does that of a team
        too small to be shown; in works-council mode it is told to themselves alone."""
        if not council.is_on():
            return self.annotate(is_sealed=Value(False))
        sealed = Q(user__isnull=False) | Q(api_key__isnull=False) | Q(team__in=council.small_teams())
        return self.annotate(is_sealed=ExpressionWrapper(sealed, BooleanField()))


class Quota(models.Model):
    """An allowance for one subject over a period; without a subject, for the whole instance.

    `used` counts the period that began at `period_start`; `reserved` is the sum of the holds of calls under way. Both
    are the ledger's alone (sql/ledger.sql). Money is counted in millionths of the currency, energy in milliwatt hours.
    """

    class Unit(models.TextChoices):
        REQUESTS = "requests", _("requests")
        TOKENS = "tokens", _("tokens")
        COST = "cost", _("money")
        ENERGY = "energy", _("energy")
        PARALLEL = "parallel", _("calls at once")

    class Period(models.TextChoices):
        MINUTE = "minute", _("a minute")
        HOUR = "hour", _("an hour")
        DAY = "day", _("a day")
        MONTH = "month", _("a month")
        TOTAL = "total", _("in all")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("user")
    )
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("team"))
    api_key = models.ForeignKey(
        "gateway.ApiKey", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("API key")
    )
    deployment = models.ForeignKey(
        "gateway.Deployment", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("deployment")
    )
    unit = models.CharField(_("unit"), max_length=10, choices=Unit, default=Unit.TOKENS)
    limit = models.PositiveBigIntegerField(_("limit"))
    period = models.CharField(
        _("period"),
        max_length=10,
        choices=Period,
        default=Period.MONTH,
        help_text=_("“In all” is a balance that never begins anew; it has no meaning for calls at once."),
    )
    is_hard = models.BooleanField(_("refuses"), default=True, help_text=_("Otherwise it only warns."))
    warn_at = models.PositiveSmallIntegerField(
        _("warns at (%)"), default=80, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    period_start = models.DateTimeField(_("period began"), default=timezone.now, editable=False)
    used = models.PositiveBigIntegerField(_("used"), default=0, editable=False)
    reserved = models.PositiveBigIntegerField(_("reserved"), default=0, editable=False)
    warned_at = models.DateTimeField(_("warned"), null=True, editable=False)
    is_sealed: bool  # of a row that was read `with_seal`

    objects = QuotaQuerySet.as_manager()

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        constraints = [
            models.CheckConstraint(
                name="quota_has_at_most_one_subject",
                condition=Q(user=None, team=None, api_key=None)
                | Q(user=None, team=None, deployment=None)
                | Q(user=None, api_key=None, deployment=None)
                | Q(team=None, api_key=None, deployment=None),
                violation_error_message=_("A quota is for one person, team, key or deployment, or for all."),
            )
        ]

    def __str__(self) -> str:
        text = f"{self.subject}: {self.amount(self.limit)}"
        if self.unit != self.Unit.PARALLEL:
            text += f" {self.get_period_display()}"
        return text if self.is_hard else gettext("%(quota)s (only warns)") % {"quota": text}

    @property
    def subject(self) -> str:
        if self.user:
            return str(self.user)
        if self.team:
            return gettext("Team %(name)s") % {"name": self.team}
        if self.api_key:
            return gettext("Key %(name)s") % {"name": self.api_key}
        if self.deployment:
            return gettext("Model %(name)s") % {"name": self.deployment}
        return gettext("This instance")

    def amount(self, value: int) -> str:
        """So much of its unit, in words."""
        number = amounts.number(value)
        match self.Unit(self.unit):
            case self.Unit.REQUESTS:
                return ngettext("%(number)s request", "%(number)s requests", value) % {"number": number}
            case self.Unit.TOKENS:
                return ngettext("%(number)s token", "%(number)s tokens", value) % {"number": number}
            case self.Unit.COST:
                return amounts.money(value)
            case self.Unit.ENERGY:
                return amounts.energy(value)
            case self.Unit.PARALLEL:
                return ngettext("%(number)s call at once", "%(number)s calls at once", value) % {"number": number}
