import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User

USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a key opens."""

    CHAT = "chat", _("ask language models")
    EMBEDDINGS = "embeddings", _("embed and rerank texts")
    AUDIO = "audio", _("transcribe speech")


def every_scope() -> list[str]:
    return list(Scope.values)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None, user__is_active=True).filter(
            Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        )

    def for_digest(self, digest: str) -> "ApiKey | None":
        """The key of that secret's digest, or of the one before it while a rotation lets both open."""
        either = Q(digest=digest) | Q(former_digest=digest, former_until__gt=timezone.now())
        return self.usable().filter(either).select_related("user").first()


class ApiKey(models.Model):
    """A caller's credential; only the SHA-256 of its 256-bit secret is kept."""

    PREFIX = "vol-"
    secret = ""  # known to the object that issued it, and in no column

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    former_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)
    former_until = models.DateTimeField(_("former secret until"), null=True, editable=False)
    scopes = ArrayField(
        models.CharField(max_length=30, choices=Scope), default=every_scope, blank=True, verbose_name=_("scopes")
    )
    deployments = models.ManyToManyField(
        "gateway.Deployment",
        blank=True,
        verbose_name=_("deployments"),
        help_text=_("It calls these only; empty: all that its owner may call."),
    )
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

    def note_use(self) -> None:
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > USE_NOTED_EVERY:
            self.last_used_at = now
            self.save(update_fields=["last_used_at"])

    def revoke(self) -> None:
        """For good; a second time changes nothing."""
        self.revoked_at = self.revoked_at or timezone.now()
        self.save(update_fields=["revoked_at"])
