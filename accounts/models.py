import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts import roles
from accounts.audit import AuditEvent
from accounts.council import BreakGlass
from accounts.data_protection import Controller, DataExport, Erasure, LegalHold, RetentionRule
from accounts.invitation import Invitation
from accounts.notices import Agreement, Notice
from accounts.notifications import Notification
from accounts.preferences import Preferences
from accounts.rules import HouseRules
from accounts.single_sign_on import GroupMapping, IdentityProvider

__all__ = [
    "Agreement",
    "AuditEvent",
    "BreakGlass",
    "Controller",
    "DataExport",
    "Erasure",
    "Fact",
    "GroupMapping",
    "HouseRules",
    "IdentityProvider",
    "Invitation",
    "LegalHold",
    "Membership",
    "Notice",
    "Notification",
    "RetentionRule",
    "Team",
    "User",
    "UserManager",
]


class UserManager(DjangoUserManager["User"]):
    """Users are known by their e-mail address; there is no user name."""

    def _create(self, email: str, password: str | None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override]
        return self._create(email, password, **fields)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":  # type: ignore[override]
        return self._create(email, password, **{**fields, "is_staff": True, "is_superuser": True})


class User(Preferences, AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    teams: "models.ManyToManyField[Team, Membership]" = models.ManyToManyField(
        "Team", through="Membership", related_name="members", verbose_name=_("teams")
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_ignoring_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    @property
    def role(self) -> roles.Role:
        return roles.role_of(self)

    @role.setter
    def role(self, role: str) -> None:
        self.is_superuser = role == roles.Role.ADMIN
        self.is_staff = role in (roles.Role.ADMIN, roles.Role.AUDITOR)


class Fact(models.Model):
    """What a person wants remembered of them: one short sentence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="facts", verbose_name=_("user"))
    text = models.CharField(_("what is remembered"), max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("remembered fact")
        verbose_name_plural = _("remembered facts")
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["user", "text"], name="fact_once")]

    def __str__(self) -> str:
        return self.text


class Team(models.Model):
    name = models.CharField(_("name"), max_length=150, unique=True)
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Where people wait for a model, its members are served this many times as often."),
    )
    may_create_keys = models.BooleanField(
        _("may create API keys"),
        default=False,
        help_text=_("Its members create API keys for themselves, under “API keys” in their preferences."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_led_by(self, user: User) -> bool:
        return self.membership_set.filter(user=user, role=Membership.Role.LEAD).exists()


class Membership(models.Model):
    class Role(models.TextChoices):
        MEMBER = "member", _("Member")
        LEAD = "lead", _("Lead")

    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name=_("user"))
    team = models.ForeignKey(Team, on_delete=models.CASCADE, verbose_name=_("team"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.team}"
