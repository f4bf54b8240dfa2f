import hashlib
import secrets
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import roles
from accounts.roles import LEAD, May, Role


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())

    def managed_by(self, user: "models.Model") -> Self:
        """All of them for an admin; of the teams they lead for a lead."""
        if roles.may(user, May.INVITE_ANYONE):
            return self
        led = user.membership_set.filter(role=LEAD).values("team")  # type: ignore[attr-defined]
        return self.filter(team__in=led, role=Role.MEMBER)


class Invitation(models.Model):
    """A link that makes one account. Only the SHA-256 of its secret is kept."""

    token = ""  # known to the object that was just made, and in no column

    digest = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(
        _("email"), blank=True, help_text=_("Empty: whoever has the link names their own address.")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("team"), related_name="+"
    )
    team_role = models.CharField(
        _("role in the team"), max_length=10, default="member", choices=[("member", _("Member")), (LEAD, _("Lead"))]
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("accepted by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(name="invitation_has_one_end", condition=Q(accepted_at=None) | Q(revoked_at=None))
        ]

    def __str__(self) -> str:
        return self.email or str(_("an open invitation"))

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    def draw(self, days: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self.digest = self.digest_of(self.token)
        self.expires_at = timezone.now() + timedelta(days=days)

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > timezone.now()
