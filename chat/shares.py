"""Who may read a conversation that its owner shows to others. Belongs to `chat.models`, which gives it out."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User


class ShareQuerySet(models.QuerySet["Share"]):
    def visible_to(self, user: User) -> Self:
        """Those the user may read: their own, what everyone may, and what names them or a team of theirs."""
        named = Share.people.through.objects.filter(user=user).values("share")
        in_team = Share.teams.through.objects.filter(team__in=user.membership_set.values("team")).values("share")
        shown = Q(conversation__owner=user) | Q(everyone=True) | Q(id__in=named) | Q(id__in=in_team)
        return self.filter(shown, conversation__deleted_at=None)

    def managed_by(self, user: User) -> Self:
        return self.filter(conversation__owner=user, conversation__deleted_at=None)

    def given_to(self, user: User) -> Self:
        """Those that name the user or a team of theirs; what everyone may read is found by its link alone."""
        return self.visible_to(user).exclude(conversation__owner=user).exclude(everyone=True)


class Share(models.Model):
    """A conversation as it stood up to a message, for others to read: the branch that ends with `last`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.OneToOneField("chat.Conversation", on_delete=models.CASCADE, related_name="share")
    title = models.CharField(max_length=150)
    last = models.ForeignKey("chat.Message", on_delete=models.CASCADE, related_name="+")
    everyone = models.BooleanField(default=False, help_text="whoever is signed in and has the link")
    people = models.ManyToManyField(User, blank=True, related_name="+")
    teams = models.ManyToManyField(Team, blank=True, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)

    objects = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("shared conversation")
        verbose_name_plural = _("shared conversations")
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("chat:shared", args=[self.id])
