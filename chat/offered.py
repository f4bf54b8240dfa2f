"""What a person makes and may offer to others to use: to people, to teams, or to everyone who is signed in."""

import uuid
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import holds
from accounts.models import Team, User
from chat.exceptions import OnHold


class OfferedQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Those the user may use: their own, what everyone may, and what names them or a team of theirs."""
        of = f"{self.model._meta.model_name}_id"
        named = self.model.people.through.objects.filter(user=user).values(of)
        in_team = self.model.teams.through.objects.filter(team__in=user.membership_set.values("team")).values(of)
        return self.filter(Q(owner=user) | Q(everyone=True) | Q(id__in=named) | Q(id__in=in_team))

    def managed_by(self, user: User) -> Self:
        """Those the user may change, share and delete."""
        return self.filter(owner=user)


def by_owner(found: Iterable[Any], user: User) -> list[tuple[str, list[Any]]]:
    """One's own, then what others offer, each under its heading."""
    own, others = list[Any](), list[Any]()
    for each in found:
        (own if each.owner_id == user.pk else others).append(each)
    return [(gettext("Yours"), own), (gettext("Shared with you"), others)]


class Offered(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    everyone = models.BooleanField(default=False, help_text="whoever is signed in")
    people = models.ManyToManyField(User, blank=True, related_name="+")
    teams = models.ManyToManyField(Team, blank=True, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises `OnHold`."""
        if self.is_held:
            raise OnHold
        return super().delete(*args, **kwargs)

    @property
    def is_held(self) -> bool:
        return holds.is_held(user=self.owner_id)

    @property
    def is_shared(self) -> bool:
        return self.everyone or bool(self.people.all()) or bool(self.teams.all())

    @transaction.atomic
    def offer(self, *, everyone: bool, people: Iterable[User], teams: Iterable[Team]) -> None:
        """To these and no others; of two who say so at once the later one counts as a whole."""
        type(self)._default_manager.select_for_update().get(pk=self.pk)
        type(self)._default_manager.filter(pk=self.pk).update(everyone=everyone)
        self.people.set([] if everyone else people)
        self.teams.set([] if everyone else teams)
