"""What a person is told by the house the next time they open a page, until they have put it away."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    WEBHOOK_OFF = "webhook-off", _("The webhook “%(name)s” was switched off: its address answers no more.")
    GLASS_BROKEN = (
        "glass-broken",
        _("%(asker)s may look at your usage for %(hours)s h; %(granter)s granted it. The reason: %(reason)s"),
    )


class Notification(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=20)
    about = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["user"], name="notification_unread", condition=models.Q(read_at=None))]

    def __str__(self) -> str:
        sentence: str = str(Kind(self.kind).label) % self.about
        return sentence


def give(user: Any, kind: Kind, **about: str) -> None:
    """`about` is what its sentence names."""
    Notification.objects.create(user=user, kind=kind, about=about)


def unread(user: Any) -> list[Notification]:
    return list(Notification.objects.filter(user=user, read_at=None)[:10])


def put_away(notice: Notification) -> None:
    Notification.objects.filter(pk=notice.pk, read_at=None).update(read_at=timezone.now())
