"""Who wants to be told of what, by a request to an address of theirs, and what came of telling."""

import base64
import secrets
import uuid
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Kind
from accounts.encryption import EncryptedTextField
from accounts.models import User
from gateway.exceptions import OutsideError, OutsideRefused, OutsideTooLarge
from gateway.models.quotas import Quota


class Event(models.TextChoices):
    DOCUMENT_READY = "document.ready", _("document ready")
    DOCUMENT_FAILED = "document.failed", _("document not readable")
    ANSWER_COMPLETED = "answer.completed", _("answer complete")
    QUOTA_WARNING = "quota.warning", _("quota nearly used up")
    QUOTA_EXHAUSTED = "quota.exhausted", _("quota used up")
    UPSTREAM_DOWN = "upstream.down", _("model server down")
    UPSTREAM_UP = "upstream.up", _("model server back")


REASONS: dict[str, str | Promise] = {
    error.code: error.text for error in (OutsideError, OutsideRefused, OutsideTooLarge)
}
QUOTAS = (Event.QUOTA_WARNING, Event.QUOTA_EXHAUSTED)
OF_A_PERSON = (Event.DOCUMENT_READY, Event.DOCUMENT_FAILED, Event.ANSWER_COMPLETED, *QUOTAS)
OF_THE_HOUSE = (*QUOTAS, Event.UPSTREAM_DOWN, Event.UPSTREAM_UP)


def own_go_the_houses_stay(collector: Any, field: Any, rows: Any, using: str) -> None:
    """What becomes of webhooks when who made them is deleted."""
    models.CASCADE(collector, field, rows.filter(is_house=False), using)
    models.SET_NULL(collector, field, rows.filter(is_house=True), using)


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def of(self, user: User) -> Self:
        """Their own; those of the house are in the panel."""
        return self.filter(user=user, is_house=False)

    def wanting(self, event: Event) -> Self:
        return self.filter(events__contains=[event], disabled_at=None)


class Webhook(models.Model):
    """An address, and of what it is told. One of the house hears what concerns all, and nothing of a single person."""

    SECRET_PREFIX = "whsec_"  # noqa: S105  (of Standard Webhooks)

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=own_go_the_houses_stay,
        null=True,
        editable=False,
        related_name="webhooks",
        verbose_name=_("by"),
    )
    is_house = models.BooleanField(default=False, editable=False)
    name = models.CharField(_("name"), max_length=100, help_text=_("What it is for, e.g. “n8n: new documents”."))
    url = EncryptedTextField(
        _("address"),
        help_text=_("On the public internet, with https://. Addresses inside the house are not called."),
    )
    events = ArrayField(models.CharField(max_length=20, choices=Event), verbose_name=_("events"))
    with_content = models.BooleanField(
        _("with content"),
        default=False,
        help_text=_(
            "Sends names and texts, too: the answer, the name of the document. Otherwise only ids, by which a program "
            "fetches the rest with a key. What is confidential is never sent."
        ),
    )
    secret = EncryptedTextField(editable=False)
    former_secret = EncryptedTextField(blank=True, editable=False)
    former_until = models.DateTimeField(_("former secret until"), null=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    disabled_at = models.DateTimeField(_("switched off"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(name="webhook_of_somebody", condition=Q(is_house=True) | Q(user__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """Of the address, which may hold a secret."""
        return urlsplit(self.url).hostname or ""

    @property
    def event_labels(self) -> list[str]:
        return [str(Event(event).label) for event in self.events]

    @property
    def signing_secrets(self) -> list[str]:
        """Those that sign now."""
        is_over = self.former_until is None or self.former_until <= timezone.now()
        return [self.secret] if is_over else [self.secret, self.former_secret]

    @property
    def overlaps_until(self) -> Any:
        return self.former_until if len(self.signing_secrets) > 1 else None

    def issue(self) -> None:
        """Save it for the first time, with its secret."""
        self.secret = self._drawn()
        self.save()
        audit.record(Kind.WEBHOOK_ADDED, self)

    @transaction.atomic
    def rotate(self, overlap: timedelta) -> None:
        """A new secret; the one before signs beside it for `overlap` more."""
        now = Webhook.objects.select_for_update().get(pk=self.pk)
        self.former_secret = now.secret if overlap else ""
        self.former_until = timezone.now() + overlap if overlap else None
        self.secret = self._drawn()
        self.save(update_fields=["secret", "former_secret", "former_until"])
        audit.record(Kind.WEBHOOK_CHANGED, self, detail="secret")

    def switch_on(self) -> None:
        if Webhook.objects.filter(pk=self.pk).exclude(disabled_at=None).update(disabled_at=None, failing_since=None):
            audit.record(Kind.WEBHOOK_CHANGED, self, detail="switched on")
        self.refresh_from_db()

    @classmethod
    def _drawn(cls) -> str:
        return cls.SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> Self:
        return self.filter(state=Delivery.State.WAITING, next_at__lte=timezone.now(), webhook__disabled_at=None)

    def shown(self) -> Self:
        """Without what the house is not told of a sealed quota: that there was something says enough."""
        sealed = Quota.objects.with_seal().filter(Q(is_sealed=True)).values(text=Cast("pk", models.CharField()))
        return self.exclude(webhook__is_house=True, event__in=QUOTAS, object_id__in=sealed)


class Delivery(models.Model):
    """One event for one webhook: the row is written with what happened, in one transaction. It holds no content."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")
        WITHHELD = "withheld", _("not sent")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(_("event"), max_length=20, choices=Event)
    object_id = models.CharField(_("which"), max_length=40)  # what may be told of it is looked up anew
    once = models.CharField(max_length=100, null=True)  # the same for what is told only once
    occurred_at = models.DateTimeField(_("time"), default=timezone.now)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(default=timezone.now)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-occurred_at", "-id"]
        indexes = [
            models.Index(fields=["next_at"], name="delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["webhook", "-occurred_at"], name="delivery_log"),
        ]
        constraints = [models.UniqueConstraint(fields=["webhook", "once"], name="delivery_once")]

    def __str__(self) -> str:
        return f"{self.event} {self.object_id}"

    @property
    def message_id(self) -> str:
        return f"msg_{self.id.hex}"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING


class Attempt(models.Model):
    """What came of one request: the answer's status and how it begins, or why there was none."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(_("time"), default=timezone.now)
    milliseconds = models.PositiveIntegerField(_("duration (ms)"), default=0)
    status = models.PositiveSmallIntegerField(_("status"), null=True)
    reason = models.CharField(max_length=50, blank=True, help_text="code of an error of ours")
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status or self.reason}"

    @property
    def explained(self) -> str:
        return str(self.status or REASONS.get(self.reason, ""))
