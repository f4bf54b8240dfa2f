"""Servers, the models they offer, who may call them how much, and what was consumed."""

import hashlib
import secrets
import uuid
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from gateway.encryption import EncryptedTextField
from gateway.exceptions import UnknownModel

HTTP_ADDRESS = RegexValidator(r"\Ahttps?://[^\s/?#@]+(/[^\s?#]*)?\Z", _("This is no http:// or https:// address."))


class Upstream(models.Model):
    """A server that speaks the OpenAI API."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    # no URLField: that one refuses the short host names of container networks
    base_url = models.CharField(
        _("address"),
        max_length=500,
        validators=[HTTP_ADDRESS],
        help_text=_("Up to and with /v1, e.g. http://gpu.example.org:8000/v1"),
    )
    api_key = EncryptedTextField(_("API key"), blank=True, help_text=_("Kept encrypted and never shown again."))
    place = models.CharField(
        _("place"), max_length=150, blank=True, help_text=_("Where it runs, in words: shown to everyone who asks.")
    )
    is_embedded = models.BooleanField(_("embedded"), default=False, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("upstream")
        verbose_name_plural = _("upstreams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DeploymentQuerySet(models.QuerySet["Deployment"]):
    def serving(self, kind: str) -> Self:
        return self.filter(kind=kind, is_active=True, upstream__is_active=True).select_related("upstream")

    def find(self, name: str, kind: str) -> "Deployment":
        """The deployment of that public name, the default for an empty one; raises UnknownModel."""
        serving = self.serving(kind)
        deployment = (serving.filter(name=name) if name else serving).first()
        if deployment is None:
            raise UnknownModel(param="model")
        return deployment


class Deployment(models.Model):
    """One model on one upstream, offered under a public name."""

    class Kind(models.TextChoices):
        CHAT = "chat", _("Chat")
        EMBEDDING = "embedding", _("Embedding")

    upstream = models.ForeignKey(
        Upstream, on_delete=models.CASCADE, related_name="deployments", verbose_name=_("upstream")
    )
    name = models.CharField(_("public name"), max_length=200, unique=True)
    model = models.CharField(_("model"), max_length=200, help_text=_("What the upstream calls it."))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CHAT)
    licence = models.CharField(_("licence"), max_length=100, blank=True)
    context_length = models.PositiveIntegerField(_("context length in tokens"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("default"), default=False, help_text=_("Chosen where nobody chooses."))

    objects = DeploymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ["-is_default", "name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        if self.is_default:  # there is one of a kind
            Deployment.objects.filter(kind=self.kind, is_default=True).exclude(pk=self.pk).update(is_default=False)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None, user__is_active=True).filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        )

    def for_secret(self, secret: str) -> "ApiKey | None":
        return self.usable().filter(digest=ApiKey.digest_of(secret)).select_related("user").first()


class ApiKey(models.Model):
    """A caller's credential; only the SHA-256 of its 256-bit secret is kept."""

    PREFIX = "vol-"
    secret = ""  # known to the object that issued it, and in no column

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def create(cls, user: User, name: str, expires_at: datetime | None = None) -> tuple["ApiKey", str]:
        """Return the key and its secret, which can be read this once."""
        key = cls(user=user, name=name, expires_at=expires_at)
        return key, key.issue()

    def issue(self) -> str:
        """Save under a new secret; the one before opens nothing any more."""
        self.secret = self.PREFIX + secrets.token_urlsafe(32)
        self.prefix, self.digest = self.secret[:8], self.digest_of(self.secret)
        self.save()
        return self.secret

    def revoke(self) -> None:
        """For good; a second time changes nothing."""
        self.revoked_at = self.revoked_at or timezone.now()
        self.save(update_fields=["revoked_at"])


class Quota(models.Model):
    """An allowance of requests or tokens over a period, for one subject; without a subject, for the whole instance.

    `used` counts the period that began at `period_start`; `reserved` is the sum of the holds of calls under way.
    """

    class Unit(models.TextChoices):
        REQUESTS = "requests", _("requests")
        TOKENS = "tokens", _("tokens")

    class Period(models.TextChoices):
        MINUTE = "minute", _("a minute")
        HOUR = "hour", _("an hour")
        DAY = "day", _("a day")
        MONTH = "month", _("a month")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("user")
    )
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("team"))
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("API key"))
    deployment = models.ForeignKey(
        Deployment, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("deployment")
    )
    unit = models.CharField(_("unit"), max_length=10, choices=Unit, default=Unit.TOKENS)
    limit = models.PositiveBigIntegerField(_("limit"))
    period = models.CharField(_("period"), max_length=10, choices=Period, default=Period.MONTH)
    period_start = models.DateTimeField(_("period began"), default=timezone.now, editable=False)
    used = models.PositiveBigIntegerField(_("used"), default=0, editable=False)
    reserved = models.PositiveBigIntegerField(_("reserved"), default=0, editable=False)

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
        subject = self.user or self.team or self.api_key or self.deployment or _("This instance")
        return f"{subject}: {self.limit} {self.get_unit_display()} {self.get_period_display()}"


class Purpose(models.TextChoices):
    CHAT = "chat", _("Chat")
    API = "api", _("API")
    RETRIEVAL = "retrieval", _("Search")
    INGESTION = "ingestion", _("Ingestion")


class Call(models.Model):
    """A call under way. It ends by `settle`, which removes it; the sweep settles one whose lease ran out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.SET_NULL, null=True)
    purpose = models.CharField(max_length=10, choices=Purpose)
    input_tokens = models.PositiveIntegerField(help_text="estimate, charged when nothing better is known")
    output_tokens = models.PositiveIntegerField(default=0, help_text="relayed so far, noted with each renewal")
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")

    def __str__(self) -> str:
        return str(self.id)


class Hold(models.Model):
    """What a call under way has reserved on one quota."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="holds")
    quota = models.ForeignKey(Quota, on_delete=models.CASCADE, related_name="holds")
    amount = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")

    def __str__(self) -> str:
        return f"{self.amount} · {self.quota_id}"


class Usage(models.Model):
    """What one call consumed. Append-only; holds no content."""

    class Status(models.TextChoices):
        DONE = "done", _("done")
        ABORTED = "aborted", _("aborted")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, verbose_name=_("user"))
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, verbose_name=_("API key"))
    deployment = models.ForeignKey(Deployment, on_delete=models.SET_NULL, null=True, verbose_name=_("deployment"))
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    input_tokens = models.PositiveIntegerField(_("tokens in"))
    output_tokens = models.PositiveIntegerField(_("tokens out"))
    estimated = models.BooleanField(_("estimated"), default=False)
    started_at = models.DateTimeField(_("started"), db_index=True)
    first_token_ms = models.PositiveIntegerField(_("first token after (ms)"), null=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["deployment", "-started_at"], name="usage_of_deployment")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.deployment}"
