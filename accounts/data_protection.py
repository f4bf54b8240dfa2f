"""What is kept of the rights of people over their data: exports, erasures, holds, rules for deletion, and who answers
for it all. Belongs to `accounts.models`, which gives it out."""

import hashlib
import json
import secrets
import uuid
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LEASE = timedelta(minutes=10)  # after which a job whose worker was killed is taken up again
EXPORT_KEPT = timedelta(days=7)


def export_name(export: "DataExport", filename: str) -> str:
    return f"exports/{export.id.hex}"


class DataExport(models.Model):
    """A ZIP of everything about a person, for that person alone, for some days."""

    class State(models.TextChoices):
        WAITING = "waiting", _("being put together")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="data_exports")
    file = models.FileField(upload_to=export_name, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(default=timezone.now)
    requested_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(state="waiting"), name="one_export_under_way")
        ]

    def __str__(self) -> str:
        return str(self.id)


class Erasure(models.Model):
    """That somebody was erased, or is about to be. Once it is done the row names nobody: `subject` is an id that only
    the audit log and the ledger still have."""

    class Asked(models.TextChoices):
        PERSON = "person", _("the person")
        ADMIN = "admin", _("an admin")

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for the end of a legal hold")
        RUNNING = "running", _("under way")
        DONE = "done", _("done")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject = models.UUIDField(_("account"), editable=False)
    asked_by = models.CharField(_("asked by"), max_length=10, choices=Asked, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING, editable=False)
    heirs = models.JSONField(default=dict, editable=False, help_text="who gets which shared thing")
    files = models.JSONField(default=list, editable=False, help_text="names in the storage that are still to go")
    counts = models.JSONField(default=dict, editable=False)
    code_digest = models.CharField(max_length=64, editable=False, help_text="of the link that the person was given")
    lease_until = models.DateTimeField(default=timezone.now, editable=False)
    requested_at = models.DateTimeField(_("asked"), default=timezone.now, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, editable=False)
    digest = models.CharField(_("SHA-256"), max_length=64, blank=True, editable=False)

    code = ""  # known to the object that was just made, and in no column

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-requested_at"]
        constraints = [models.UniqueConstraint(fields=["subject"], condition=~Q(state="done"), name="one_erasure_open")]

    def __str__(self) -> str:
        return str(self.id)

    @staticmethod
    def digest_of(code: str) -> str:
        return hashlib.sha256(code.encode()).hexdigest()

    def draw(self) -> None:
        self.code = secrets.token_urlsafe(32)
        self.code_digest = self.digest_of(self.code)

    @property
    def facts(self) -> dict[str, Any]:
        """What its digest is taken of."""
        return {
            "reference": str(self.id),
            "asked_by": self.asked_by,
            "asked": self.requested_at.isoformat(),
            "finished": self.finished_at.isoformat() if self.finished_at else None,
            "erased": self.counts,
        }

    def computed_digest(self) -> str:
        return hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()


class LegalHold(models.Model):
    """Nothing of a person, a team or a collection is deleted for as long as the row is there (sql/holds.sql)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("user")
    )
    team = models.ForeignKey(
        "accounts.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("team")
    )
    collection = models.UUIDField(_("collection"), null=True, blank=True)  # accounts knows none
    reason = models.CharField(
        _("reason"), max_length=500, help_text=_("Such as the file number of the case. Only those in the panel see it.")
    )
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("by")
    )
    placed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(
                name="hold_on_one",
                condition=Q(user__isnull=False, team=None, collection=None)
                | Q(user=None, team__isnull=False, collection=None)
                | Q(user=None, team=None, collection__isnull=False),
                violation_error_message=_("A hold is on one person, one team or one collection."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user or self.team or self.collection)


class RetentionRule(models.Model):
    class Kind(models.TextChoices):
        CONVERSATIONS = "conversations", _("Conversations")
        DOCUMENTS = "documents", _("Documents in collections")
        CLASS_OPEN = "class-open", _("Documents in open collections")
        CLASS_INTERNAL = "class-internal", _("Documents in internal collections")
        CLASS_CONFIDENTIAL = "class-confidential", _("Documents in confidential collections")
        FILES = "files", _("Files of scripts outside of collections")
        USAGE = "usage", _("Usage")
        AUDIT = "audit", _("Audit log")

    OF_A_TEAM: ClassVar[set[str]] = {Kind.CONVERSATIONS, Kind.DOCUMENTS, Kind.FILES}
    OF_A_CLASS: ClassVar[dict[str, str]] = {  # of data, as rag has them
        Kind.CLASS_OPEN: "open",
        Kind.CLASS_INTERNAL: "internal",
        Kind.CLASS_CONFIDENTIAL: "confidential",
    }

    kind = models.CharField(_("what"), max_length=20, choices=Kind)
    team = models.ForeignKey(
        "accounts.Team",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
        help_text=_("Empty: for all. A team’s rule goes before that; of several teams’ rules the longest time holds."),
    )
    days = models.PositiveIntegerField(_("deleted after (days)"), validators=[MinValueValidator(1)])
    spares_pinned = models.BooleanField(
        _("pinned conversations stay"), default=True, help_text=_("Archived ones go like all others.")
    )

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("retention rules")
        ordering = ["kind", "team__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "team"],
                name="retention_rule_once",
                nulls_distinct=False,
                violation_error_message=_("There is a rule for this already."),
            ),
            models.CheckConstraint(
                name="retention_rule_of_the_house",
                condition=Q(team=None) | Q(kind__in=["conversations", "documents", "files"]),
                violation_error_message=_("Usage, audit log and classes of data have one rule each, for all."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.team}" if self.team else self.get_kind_display()

    @property
    def cutoff(self) -> datetime:
        """What was last used before this moment goes."""
        return timezone.now() - self._kept_for

    @property
    def cutoff_day(self) -> date:
        """What ended before this day goes. Counted in days: with summer time between, `cutoff` may be of the next."""
        return timezone.localdate() - self._kept_for

    @property
    def _kept_for(self) -> timedelta:
        return timedelta(days=min(self.days, 36_500))


class Controller(models.Model):
    """Who answers for what is processed here: one row, which the panel changes, for the records of processing."""

    name = models.CharField(_("organisation"), max_length=200, blank=True)
    address = models.TextField(_("address"), max_length=500, blank=True)
    contact = models.CharField(_("email or telephone"), max_length=200, blank=True)
    representative = models.CharField(_("represented by"), max_length=200, blank=True)
    officer = models.CharField(_("data protection officer"), max_length=200, blank=True)
    officer_contact = models.CharField(_("how to reach them"), max_length=200, blank=True)
    remarks = models.TextField(
        _("further measures and remarks"),
        max_length=4_000,
        blank=True,
        help_text=_(
            "What Voliere cannot know: who enters the server room, agreements with those who host it, backups."
        ),
    )

    class Meta:
        verbose_name = _("controller")
        verbose_name_plural = _("controller")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="controller_once")]

    def __str__(self) -> str:
        return self.name or str(_("Controller"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def current(cls) -> "Controller":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
