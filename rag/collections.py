"""Collections and who may see them."""

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit, holds
from accounts.audit import Kind
from accounts.models import Membership, User
from rag.exceptions import OnHold

REMIND_BEFORE = timedelta(days=14)  # its managers hear of the end of a collection so long before


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, user: User) -> Self:
        return self._reachable(user, CollectionShare.objects.all())

    def editable_by(self, user: User) -> Self:
        return self._reachable(user, CollectionShare.objects.filter(role=CollectionShare.Role.EDITOR))

    def managed_by(self, user: User) -> Self:
        """Those the user may rename, share and delete."""
        led = user.membership_set.filter(role=Membership.Role.LEAD)
        return self.filter(Q(owner=user) | Q(team__in=led.values("team")), withdrawn=False)

    def knowledge(self) -> Self:
        """Without the attachments of conversations."""
        return self.filter(is_attachment=False)

    def valid(self) -> Self:
        """Those whose passages are found without being asked for by name."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=timezone.localdate()))

    def ending(self) -> Self:
        """Those that are no longer valid, or soon will not be."""
        return self.filter(valid_until__lt=timezone.localdate() + REMIND_BEFORE)

    def confidential(self) -> Self:
        return self.filter(data_class=Collection.DataClass.CONFIDENTIAL)

    def _reachable(self, user: User, shares: "models.QuerySet[CollectionShare]") -> Self:
        teams = user.membership_set.values("team")
        shared = shares.filter(Q(user=user) | Q(team__in=teams)).values("collection")
        return self.filter(Q(owner=user) | Q(team__in=teams) | Q(id__in=shared), withdrawn=False)


class Collection(models.Model):
    """A set of documents that belongs to a person or to a team; the unit of sharing."""

    class DataClass(models.TextChoices):
        OPEN = "open", _("open")
        INTERNAL = "internal", _("internal")
        CONFIDENTIAL = "confidential", _("confidential")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=150)
    purpose = models.CharField(_("purpose"), max_length=500, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("owner")
    )
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("team"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    data_class = models.CharField(_("data class"), max_length=12, choices=DataClass, default=DataClass.INTERNAL)
    metadata = models.JSONField(default=dict, editable=False, help_text="what a script noted of it")
    expires_after_days = models.PositiveSmallIntegerField(null=True, editable=False, help_text="without being used")
    last_active_at = models.DateTimeField(null=True, editable=False)
    is_attachment = models.BooleanField(default=False, editable=False, help_text="the files of one conversation")
    withdrawn = models.BooleanField(default=False, editable=False, help_text="shown to nobody, about to be removed")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("collection")
        verbose_name_plural = _("collections")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="collection_belongs_to_one",
                condition=Q(owner=None, team__isnull=False) | Q(owner__isnull=False, team=None),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def expires_at(self) -> datetime | None:
        """Where a script asked for it; `valid_until` is what people set."""
        if self.expires_after_days is None:
            return None
        return (self.last_active_at or self.created_at) + timedelta(days=self.expires_after_days)

    @property
    def has_ended(self) -> bool:
        return self.valid_until is not None and self.valid_until < timezone.localdate()

    @property
    def has_expired(self) -> bool:
        """For scripts."""
        return self.has_ended or (self.expires_at is not None and self.expires_at <= timezone.now())

    @property
    def is_ending(self) -> bool:
        return self.valid_until is not None and self.valid_until < timezone.localdate() + REMIND_BEFORE

    @property
    def is_confidential(self) -> bool:
        return self.data_class == self.DataClass.CONFIDENTIAL

    @property
    def is_held(self) -> bool:
        return holds.is_held(user=self.owner_id, team=self.team_id, collection=self.pk)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises `OnHold`."""
        if self.is_held:
            raise OnHold
        with transaction.atomic():
            self.documents.lock()
            if not self.is_attachment:
                audit.record(Kind.DELETED, self)
            return super().delete(*args, **kwargs)


class CollectionShare(models.Model):
    """What somebody else may do with a collection: a person, or all members of a team."""

    class Role(models.TextChoices):
        VIEWER = "viewer", _("may read")
        EDITOR = "editor", _("may add and remove documents")

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("user")
    )
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("team"))
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.VIEWER)

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints = [
            models.UniqueConstraint(fields=["collection", "user"], name="share_once"),
            models.UniqueConstraint(fields=["collection", "team"], name="team_share_once"),
            models.CheckConstraint(
                name="share_with_one",
                condition=Q(user=None, team__isnull=False) | Q(user__isnull=False, team=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection} → {self.user or self.team}"

    def described(self) -> str:
        """For the audit log: by ids."""
        to = f"team {self.team_id}" if self.team_id else str(self.user_id)
        return f"{self.role} for {to}"
