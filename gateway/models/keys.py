import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import DatabaseError, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.audit import Kind
from accounts.models import User
from gateway.exceptions import KeyEnded

USE_NOTED_EVERY = timedelta(minutes=1)

logger = logging.getLogger(__name__)


class Scope(models.TextChoices):
    """What a key opens."""

    CHAT = "chat", _("ask language models")
    EMBEDDINGS = "embeddings", _("embed and rerank texts")
    AUDIO = "audio", _("transcribe speech")
    DOCUMENTS_READ = "documents-read", _("search and read documents")
    DOCUMENTS_WRITE = "documents-write", _("add and delete documents")
    USAGE = "usage", _("see what was used")
    ADMIN = "admin", _("manage this house, as far as its owner may")


def every_scope() -> list[str]:
    """Of a key for which nobody chooses. To manage the house is chosen by name."""
    return [scope for scope in Scope.values if scope != Scope.ADMIN]


def an_origin(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != text or "@" in text:
        raise ValidationError(_("Like https://www.example.org, without a path."))


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
    # names, not rows: a second server under the name serves the key, too, and a server that goes opens nothing
    model_names = ArrayField(
        models.CharField(max_length=200),
        null=True,
        blank=True,
        verbose_name=_("models"),
        help_text=_("It calls these only; none chosen: all that its owner may call."),
    )
    origins = ArrayField(
        models.CharField(max_length=200, validators=[an_origin]),
        default=list,
        blank=True,
        verbose_name=_("web pages"),
        help_text=_(
            "Addresses of sites whose scripts may use it in a browser, separated by commas. Whoever opens such a page "
            "can read the key there."
        ),
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

    @property
    def scope_labels(self) -> "list[str | Promise]":
        is_everything = set(self.scopes) >= set(every_scope())
        if not is_everything:
            return [str(Scope(scope).label) for scope in self.scopes]
        return [_("everything"), *([str(Scope.ADMIN.label)] if Scope.ADMIN in self.scopes else [])]

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def has_ended(self) -> bool:
        return self.revoked_at is not None or self.has_expired

    @property
    def overlaps_until(self) -> datetime | None:
        """When the secret before this one stops opening, if it still does."""
        is_to_come = self.former_until is not None and self.former_until > timezone.now()
        return self.former_until if is_to_come and not self.has_ended else None

    def issue(self) -> str:
        """Save it for the first time, with its secret."""
        self._draw()
        self.save()
        audit.record(Kind.KEY_ISSUED, self, detail=f"for {self.user_id}")
        return self.secret

    @transaction.atomic
    def rotate(self, overlap: timedelta) -> str:
        """A new secret, while the one before opens for `overlap` more; raises KeyEnded. Of two former ones the last."""
        now = ApiKey.objects.usable().select_for_update(of=("self",)).filter(pk=self.pk).first()
        if now is None:
            raise KeyEnded
        self.former_digest = now.digest if overlap else None
        self.former_until = timezone.now() + overlap if overlap else None
        self._draw()
        self.save(update_fields=["prefix", "digest", "former_digest", "former_until"])
        audit.record(Kind.KEY_ROTATED, self)
        return self.secret

    def _draw(self) -> None:
        self.secret = self.PREFIX + secrets.token_urlsafe(32)
        self.prefix, self.digest = self.secret[:8], self.digest_of(self.secret)

    def note_use(self) -> None:
        """Once a minute at most, whoever asks; not worth a wait for the row, and not worth a call."""
        now = timezone.now()
        if self.last_used_at and now - self.last_used_at < USE_NOTED_EVERY:
            return
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        try:
            with transaction.atomic():
                free = ApiKey.objects.filter(stale, pk=self.pk).select_for_update(skip_locked=True, no_key=True)
                ApiKey.objects.filter(pk__in=free.values("pk")).update(last_used_at=now)
        except DatabaseError:
            logger.warning("The use of API key %s could not be noted", self.pk)

    def revoke(self) -> None:
        """For good, whatever secrets it has; a second time changes nothing."""
        if ApiKey.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.record(Kind.KEY_REVOKED, self)
        self.refresh_from_db(fields=["revoked_at"])
