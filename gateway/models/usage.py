"""The ledger's tables. Their rows name people, keys and deployments without a constraint: they outlive them, and a
narrow row costs little. `Usage` is partitioned by the month of `started_at` (sql/usage.sql)."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gateway.models.servers import Deployment


class Purpose(models.TextChoices):
    CHAT = "chat", _("Chat")
    API = "api", _("API")
    RETRIEVAL = "retrieval", _("Search")
    BATCH = "batch", _("Batch")
    INGESTION = "ingestion", _("Ingestion")

    @property
    def rank(self) -> int:
        """Who waits for whom: people before batches before ingestion."""
        return {Purpose.BATCH: 1, Purpose.INGESTION: 2}.get(self, 0)


class Call(models.Model):
    """A call in line or under way. Settling removes it; the sweep settles one whose lease ran out.

    `holds` are [quota, amount, deployment or null]: one for a deployment's own quota counts if that one answered.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+", db_index=False
    )
    api_key = models.ForeignKey(
        "gateway.ApiKey", models.DO_NOTHING, null=True, db_constraint=False, related_name="+", db_index=False
    )
    deployment = models.ForeignKey(
        "gateway.Deployment", models.DO_NOTHING, null=True, db_constraint=False, related_name="+", db_index=False
    )
    candidates = ArrayField(models.BigIntegerField(), default=list)
    purpose = models.CharField(max_length=10, choices=Purpose)
    rank = models.SmallIntegerField(default=0)
    weight = models.FloatField(default=1)
    input_tokens = models.PositiveIntegerField(help_text="estimate, charged when nothing better is known")
    output_tokens = models.PositiveIntegerField(default=0, help_text="relayed so far, noted with each renewal")
    holds = models.JSONField(default=list)
    started_at = models.DateTimeField()
    admitted_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField()

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        indexes = [
            models.Index(fields=["started_at"], name="call_in_line", condition=Q(admitted_at=None)),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Occupancy(models.Model):
    """How many calls a deployment answers now. Begun by a trigger, kept by the ledger (sql/ledger.sql) alone."""

    deployment = models.OneToOneField(Deployment, on_delete=models.CASCADE, primary_key=True)
    running = models.PositiveIntegerField(default=0)
    is_awake = models.BooleanField(db_default=True)  # by `hours`; who is asleep is sent no call

    class Meta:
        verbose_name = _("occupancy")
        verbose_name_plural = _("occupancies")

    def __str__(self) -> str:
        return f"{self.deployment}: {self.running}"


class Usage(models.Model):
    """What one call consumed. Append-only; holds no content."""

    class Status(models.TextChoices):
        DONE = "done", _("done")
        ABORTED = "aborted", _("aborted")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("user"),
    )
    api_key = models.ForeignKey(
        "gateway.ApiKey", models.DO_NOTHING, null=True, db_constraint=False, related_name="+", verbose_name=_("API key")
    )
    deployment = models.ForeignKey(
        "gateway.Deployment",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("deployment"),
    )
    model = models.CharField(_("model"), max_length=200, help_text=_("The public name that answered."))
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    input_tokens = models.PositiveIntegerField(_("tokens in"))
    output_tokens = models.PositiveIntegerField(_("tokens out"))
    cached_tokens = models.PositiveIntegerField(_("of them from a cache"), default=0)
    estimated = models.BooleanField(_("estimated"), default=False)
    cost = models.PositiveBigIntegerField(_("cost"), default=0, help_text=_("millionths of the currency"))
    energy = models.PositiveBigIntegerField(_("energy"), null=True, help_text=_("milliwatt hours"))
    started_at = models.DateTimeField(_("started"))
    queued_ms = models.PositiveIntegerField(_("waited (ms)"), default=0)
    first_token_ms = models.PositiveIntegerField(_("first token after (ms)"), null=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        ordering = ["-started_at"]
        indexes = [
            models.Index(fields=["started_at"], name="usage_by_time"),
            models.Index(fields=["deployment", "-started_at"], name="usage_of_deployment"),
            models.Index(fields=["user", "-started_at"], name="usage_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.model}"


class UsageTotal(models.Model):
    """The ledger summed by hour and by day, in the transaction that writes its row."""

    class Span(models.TextChoices):
        HOUR = "hour", _("hour")
        DAY = "day", _("day")

    span = models.CharField(_("span"), max_length=4, choices=Span)
    start = models.DateTimeField(_("from"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("user"),
    )
    api_key = models.ForeignKey(
        "gateway.ApiKey",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        db_index=False,
        verbose_name=_("API key"),
    )
    deployment = models.ForeignKey(
        "gateway.Deployment",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        db_index=False,
        verbose_name=_("deployment"),
    )
    model = models.CharField(_("model"), max_length=200)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    calls = models.PositiveBigIntegerField(_("calls"), default=0)
    failed = models.PositiveBigIntegerField(_("failed"), default=0)
    input_tokens = models.PositiveBigIntegerField(_("tokens in"), default=0)
    output_tokens = models.PositiveBigIntegerField(_("tokens out"), default=0)
    cost = models.PositiveBigIntegerField(_("cost"), default=0)
    energy = models.PositiveBigIntegerField(_("energy"), default=0)
    queued_ms = models.PositiveBigIntegerField(_("waited (ms)"), default=0)
    duration_ms = models.PositiveBigIntegerField(_("duration (ms)"), default=0)

    class Meta:
        verbose_name = _("usage in total")
        verbose_name_plural = _("usage in total")
        ordering = ["-start"]
        constraints = [
            models.UniqueConstraint(
                fields=["span", "start", "deployment", "user", "api_key", "purpose", "model"],
                name="usage_total_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {self.model}"
