"""Who can see a collection, said so that everyone understands it."""

from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import User
from rag.models import Collection, CollectionShare


@dataclass(frozen=True)
class Reader:
    name: str
    may: str  # empty for those whose collection it is


def readers(collection: Collection, user: User) -> list[Reader]:
    """The owner or the owning team first."""
    owner = Reader(_team(collection.team), "") if collection.team else Reader(_person(collection.owner, user), "")
    shares = CollectionShare.objects.filter(collection=collection).select_related("user", "team")
    named = [
        Reader(_team(share.team) if share.team else _person(share.user, user), share.get_role_display())
        for share in shares.order_by("team__name", "user__name", "user__email")
    ]
    return [owner, *named]


def sentence(collection: Collection, user: User) -> str:
    """Like “You, Bob (may read) and the team Board (may read)”."""
    parts = [f"{each.name} ({each.may})" if each.may else each.name for each in readers(collection, user)]
    return get_text_list(parts, _("and"))


def _team(team: object) -> str:
    return _("the team %(name)s") % {"name": team}


def _person(person: User | None, user: User) -> str:
    return _("you") if person == user else str(person)
