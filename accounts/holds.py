"""Legal holds: what is under one. The database refuses to delete it, too (sql/holds.sql and those who ask it)."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import LegalHold, Membership, User


def is_held(*, user: UUID | None = None, team: int | None = None, collection: UUID | None = None) -> bool:
    """A person is held by name and with any of their teams."""
    held = Q()
    if user:
        held |= Q(user=user) | Q(team__in=Membership.objects.filter(user=user).values("team"))
    if team:
        held |= Q(team=team)
    if collection:
        held |= Q(collection=collection)
    return bool(held) and LegalHold.objects.filter(held).exists()


def any_person() -> bool:
    """Of whom what is kept in common cannot be parted from the rest: usage, audit log."""
    return LegalHold.objects.exclude(user=None, team=None).exists()


def people() -> QuerySet[User]:
    by_name = LegalHold.objects.filter(user__isnull=False).values("user")
    by_team = Membership.objects.filter(team__in=teams()).values("user")
    return User.objects.filter(Q(pk__in=by_name) | Q(pk__in=by_team))


def teams() -> QuerySet[LegalHold, Any]:
    return LegalHold.objects.filter(team__isnull=False).values("team")


def collections() -> QuerySet[LegalHold, Any]:
    return LegalHold.objects.filter(collection__isnull=False).values("collection")
