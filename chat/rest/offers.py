"""To whom something is offered, as the pages' forms take it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.exceptions import Invalid
from accounts.rest.shapes import Audience, Offer, Shape


class OfferedTo(Shape):
    audience: Audience
    people: list[str]
    teams: list[int]


def entered(unbound: forms.Form, body: Offer) -> dict[str, Any]:
    """Raises `Invalid` for a team where the form offers none."""
    if body.teams and "teams" not in unbound.fields:
        raise Invalid([("teams", _("This cannot be chosen here."))])
    return {"audience": body.audience, "people": "\n".join(body.people), "teams": body.teams}


def offered_to(found: Any) -> OfferedTo:
    people = sorted(person.email for person in found.people.all())
    teams = sorted(team.pk for team in found.teams.all())
    audience: Audience = "everyone" if found.everyone else "named" if people or teams else "nobody"
    return OfferedTo(audience=audience, people=people, teams=teams)
