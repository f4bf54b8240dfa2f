"""How the energy of a server is known, what was found, and what it costs (see gateway/energy)."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedTextField
from gateway.models.servers import HTTP_ADDRESS, NOT_NEGATIVE, Upstream

STATE = ("readings", "read_at", "idle_learned", "problem", "problem_since")


class Method(models.TextChoices):
    """How a figure came about."""

    NONE = "none", _("not known")
    STATED = "stated", _("stated")
    MEASURED = "measured", _("measured")


class PowerMeter(models.Model):
    """Of one upstream. Its state is for the rounds to write (`energy.sampling`)."""

    class Source(models.TextChoices):
        STATED = "stated", _("by the stated power; without one, not at all")
        METRICS = "metrics", _("a page of metrics: DCGM exporter, our helper on its machine, or another")
        PROMQL = "promql", _("a query to Prometheus")

    class Unit(models.TextChoices):
        JOULES = "J", _("joules, counted up")
        MILLIJOULES = "mJ", _("millijoules, counted up")
        WATT_HOURS = "Wh", _("watt hours, counted up")
        KILOWATT_HOURS = "kWh", _("kilowatt hours, counted up")
        WATTS = "W", _("watts, now")
        MILLIWATTS = "mW", _("milliwatts, now")

    upstream = models.OneToOneField(Upstream, on_delete=models.CASCADE, related_name="power_meter")
    source = models.CharField(_("how energy is known"), max_length=10, choices=Source, default=Source.STATED)
    address = models.CharField(
        _("address of the meter"),
        max_length=500,
        blank=True,
        validators=[HTTP_ADDRESS],
        help_text=_("E.g. http://gpu.example.org:9835/metrics, or http://prometheus.example.org:9090 for a query."),
    )
    authorization = EncryptedTextField(
        _("authorization"),
        blank=True,
        help_text=_("The header that the meter wants, e.g. “Bearer …”. Kept encrypted and never shown again."),
    )
    metric = models.CharField(
        _("metric or query"),
        max_length=500,
        blank=True,
        help_text=_("Empty: what our helper and the DCGM exporter call it. For Prometheus a query in PromQL."),
    )
    unit = models.CharField(
        _("unit"),
        max_length=3,
        choices=Unit,
        blank=True,
        help_text=_("Needed for a metric or query of your own."),
    )
    only = models.CharField(
        _("only these"),
        max_length=500,
        blank=True,
        help_text=_("Ids of GPUs, parted by commas, where others on the same machine serve something else."),
    )
    idle_watts = models.PositiveIntegerField(
        _("power when idle (W)"),
        null=True,
        blank=True,
        help_text=_("What it draws while nobody asks. Charged to nobody, and shown as idle."),
    )
    grid_grams = models.DecimalField(
        _("CO₂ of its power (g/kWh)"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
        help_text=_("Where it differs from that of the house."),
    )
    hour_price = models.DecimalField(
        _("price of an hour that it is on"),
        max_digits=10,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
        help_text=_("Its rent, power included."),
    )
    month_price = models.DecimalField(
        _("price of a month, on or off"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
        help_text=_("What it costs by the month, without its power."),
    )

    readings = models.JSONField(default=dict, editable=False)  # the last ones, by series
    read_at = models.DateTimeField(_("last read"), null=True, editable=False)
    idle_learned = models.FloatField(null=True, editable=False)  # watts, of measured times without a call
    problem = models.CharField(_("problem"), max_length=200, blank=True, editable=False)
    problem_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("energy meter")
        verbose_name_plural = _("energy meters")

    def __str__(self) -> str:
        return str(self.upstream)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Its state is for the rounds to write: a form that was open meanwhile leaves it alone."""
        if not self._state.adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = [
                field.name for field in self._meta.concrete_fields if not field.primary_key and field.name not in STATE
            ]
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if self.source != self.Source.STATED and not self.address:
            raise ValidationError({"address": _("Where is the meter?")})
        if self.source == self.Source.PROMQL and not self.metric:
            raise ValidationError({"metric": _("What is Prometheus to be asked?")})
        if self.source != self.Source.STATED and self.metric and not self.unit:
            raise ValidationError({"unit": _("In which unit does it count?")})


class EnergyHour(models.Model):
    """What a server consumed within an hour. It outlives the server, so it keeps its name."""

    start = models.DateTimeField(_("from"))
    upstream_id = models.BigIntegerField()
    upstream_name = models.CharField(_("upstream"), max_length=100)
    method = models.CharField(_("method"), max_length=10, choices=Method)
    joules = models.FloatField(default=0)
    idle_joules = models.FloatField(default=0)  # of them while nobody was answered
    seconds = models.FloatField(default=0)  # that it was on
    busy_seconds = models.FloatField(default=0)

    class Meta:
        verbose_name = _("energy of an hour")
        verbose_name_plural = _("energy of hours")
        ordering = ["-start"]
        constraints = [models.UniqueConstraint(fields=["start", "upstream_id", "method"], name="energy_hour_once")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {self.upstream_name}"


class CallEnergy(models.Model):
    """What was measured of one call, beside its row in the ledger, which only tells what was stated when it ended.

    Final once the meter was read after its end; `energy` (milliwatt hours) stays empty where the meter did not see
    (nearly) all of it, and then the stated figure counts.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # the call's
    started_at = models.DateTimeField()
    joules = models.FloatField(default=0)
    seconds = models.FloatField(default=0)  # of the call that the meter saw
    is_shared = models.BooleanField(default=False)  # with others, at some time
    is_final = models.BooleanField(default=False)
    energy = models.PositiveBigIntegerField(null=True)

    class Meta:
        verbose_name = _("measured energy of a call")
        verbose_name_plural = _("measured energy of calls")
        indexes = [
            models.Index(fields=["started_at"], name="call_energy_by_time"),
            models.Index(fields=["id"], name="call_energy_open", condition=models.Q(is_final=False)),
        ]

    def __str__(self) -> str:
        return str(self.id)


class EnergyRules(models.Model):
    """What power is to the house: one row, which the panel changes."""

    grid_grams = models.DecimalField(
        _("CO₂ of the power (g/kWh)"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
        help_text=_("Your supplier states it on each bill."),
    )
    kwh_price = models.DecimalField(
        _("price of a kilowatt hour"),
        max_digits=8,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
    )

    class Meta:
        verbose_name = _("power of the house")
        verbose_name_plural = _("power of the house")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="energy_rules_once")]

    def __str__(self) -> str:
        return str(_("Power of the house"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)
