"""The first steps of a new house that concern people. Each is done when what it leads to is there."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Invitation, Team, User

BACK = "first-steps"  # in the address of a form of the panel: once saved, it leads back to them


@dataclass(frozen=True)
class Step:
    title: str
    why: str
    action: str
    address: str
    is_done: bool


def steps(user: User) -> dict[str, Step]:
    return {"team": _team(), "invite": _invite()}


def _team() -> Step:
    return Step(
        _("Make a team"),
        _("Teams share collections, and a quota or a model may be for one team alone."),
        _("Add a team"),
        f"{reverse('admin:accounts_team_add')}?{BACK}",
        Team.objects.exists(),
    )


def _invite() -> Step:
    return Step(
        _("Invite the first people"),
        _("An invitation is a link that you pass on yourself."),
        _("Make an invitation"),
        f"{reverse('invitations')}?{BACK}",
        Invitation.objects.exists() or User.objects.count() > 1,
    )
