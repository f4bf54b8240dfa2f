"""People as a table. Whoever is new gets an invitation: no password is ever in a file."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, inviting, people
from accounts.audit import Kind
from accounts.models import Invitation, Membership, Team, User
from accounts.roles import Role
from accounts.spreadsheets import Row
from accounts.table_plans import Impossible, Line, Plan, lines

BETWEEN, LEAD = "|", ":lead"
YES, NO = ("yes", "ja", "1", "true", "wahr"), ("no", "nein", "0", "false", "falsch")
Teams = dict[Team, str]  # with the role in each


class PeopleTable:
    columns = {
        "email": gettext_lazy("whom the row is about"),
        "name": gettext_lazy("as shown to others"),
        "role": gettext_lazy("member, auditor or admin"),
        "active": gettext_lazy("yes or no"),
        "teams": gettext_lazy("all teams of the person, parted by | and with :lead behind those they lead"),
    }
    required = ("email",)

    def rows(self, decimal: str) -> Iterator[list[str]]:
        for user in _everybody():
            teams = BETWEEN.join(_named(team, role) for team, role in _teams_of(user).items())
            yield [user.email, user.name, str(user.role), "yes" if user.is_active else "no", teams]

    def plan(self, rows: Sequence[Row]) -> Plan:
        reader = _Reader(
            {user.email.lower(): user for user in _everybody()}, {team.name: team for team in Team.objects.all()}
        )
        twice = _("is about the same person as row %(line)s")
        return Plan(list(lines(rows, lambda row: row.cells.get("email", "").lower(), reader.line, twice)))


def _everybody() -> Any:
    memberships = Membership.objects.select_related("team").order_by("team__name")
    return User.objects.order_by("email").prefetch_related(Prefetch("membership_set", memberships))


def _named(team: Team, role: str) -> str:
    return f"{team.name}{LEAD}" if role == Membership.Role.LEAD else team.name


def _teams_of(user: User) -> Teams:
    return {each.team: each.role for each in user.membership_set.all()}


class _Reader:
    def __init__(self, people: dict[str, User], teams: dict[str, Team]) -> None:
        self.people, self.teams = people, teams
        self.invited = {email.lower() for email in Invitation.objects.open().values_list("email", flat=True)}

    def line(self, row: Row) -> Line:
        email = row.cells.get("email", "").lower()
        try:
            validate_email(email)
        except ValidationError:
            raise Impossible(_("is no e-mail address")) from None
        wishes = self._wishes(row)
        user = self.people.get(email)
        if user is None and email in self.invited:
            return Line(row.line, email)  # who has a link needs no second one
        return _invitation(row.line, email, wishes) if user is None else _change(row.line, user, wishes)

    def _wishes(self, row: Row) -> dict[str, Any]:
        """Of the columns that the file has, checked."""
        wishes: dict[str, Any] = {}
        if "name" in row.cells:
            wishes["name"] = _short(row.cells["name"])
        if row.cells.get("role"):
            wishes["role"] = _role(row.cells["role"])
        if row.cells.get("active"):
            wishes["is_active"] = _truth(row.cells["active"])
        if "teams" in row.cells:
            wishes["teams"] = dict(self._team(part) for part in row.cells["teams"].split(BETWEEN) if part.strip())
        return wishes

    def _team(self, text: str) -> tuple[Team, str]:
        name = text.strip().removesuffix(LEAD).strip()
        if name not in self.teams:
            raise Impossible(_("names a team that is not there: %(name)s") % {"name": name})
        is_lead = text.strip().endswith(LEAD)
        return self.teams[name], Membership.Role.LEAD if is_lead else Membership.Role.MEMBER


def _short(name: str) -> str:
    if len(name) > 150:
        raise Impossible(_("has a name of more than 150 characters"))
    return name


def _role(text: str) -> Role:
    found = {name.lower(): role for role in Role for name in (str(role), str(role.label))}.get(text.lower())
    if found is None:
        raise Impossible(_("names a role that there is not: %(name)s") % {"name": text})
    return found


def _truth(text: str) -> bool:
    if text.lower() not in YES + NO:
        raise Impossible(_("says neither yes nor no: %(text)s") % {"text": text})
    return text.lower() in YES


def _invitation(number: int, email: str, wishes: dict[str, Any]) -> Line:
    teams = list(wishes.get("teams", {}).items())
    if not wishes.get("is_active", True):
        raise Impossible(_("is not here, and so cannot be inactive"))
    if len(teams) > 1:
        raise Impossible(_("is not here, and an invitation is into one team at most"))
    role: Role = wishes.get("role", Role.MEMBER)

    def do(by: User) -> str:
        invitation = Invitation(email=email, role=role)
        for team, team_role in teams:
            invitation.team, invitation.team_role = team, team_role
        return inviting.invite(invitation, by)

    parts = [_("is invited as: %(role)s") % {"role": role.label}, *(str(team) for team, _role in teams)]
    return Line(number, email, ", ".join(parts), do=do)


def _change(number: int, user: User, wishes: dict[str, Any]) -> Line:
    said = [*_said_of_person(user, wishes), *_said_of_teams(user, wishes)]
    if not said:
        return Line(number, user.email)
    return Line(number, user.email, "; ".join(said), do=lambda by: _apply(user.pk, wishes))


def _said_of_person(user: User, wishes: dict[str, Any]) -> Iterator[str]:
    if wishes.get("name", user.name) != user.name:
        yield _("name: %(before)s → %(after)s") % {"before": user.name or "–", "after": wishes["name"] or "–"}
    if (role := wishes.get("role", user.role)) != user.role:
        yield _("role: %(before)s → %(after)s") % {"before": user.role.label, "after": role.label}
    if (is_active := wishes.get("is_active", user.is_active)) != user.is_active:
        yield _("is activated") if is_active else _("is deactivated")


def _said_of_teams(user: User, wishes: dict[str, Any]) -> Iterator[str]:
    before = _teams_of(user)
    after: Teams = wishes.get("teams", before)
    for team, role in after.items():
        if before.get(team) != role:
            label = Membership.Role(role).label
            yield _("joins %(team)s as: %(role)s") % {"team": team, "role": label}
    for team in before.keys() - after.keys():
        yield _("leaves %(team)s") % {"team": team}


def _apply(pk: Any, wishes: dict[str, Any]) -> None:
    before, user = User.objects.get(pk=pk), User.objects.get(pk=pk)
    for name in ("name", "role", "is_active"):
        if name in wishes:
            setattr(user, name, wishes[name])
    user.save(update_fields=["name", "is_superuser", "is_staff", "is_active"])
    if before.name != user.name:
        audit.record(Kind.PERSON_CHANGED, user, detail="name")
    people.note_changes(before, user)
    if "teams" in wishes:
        _settle(user, wishes["teams"])


def _settle(user: User, teams: Teams) -> None:
    held = {each.team: each for each in user.membership_set.select_related("team")}
    for team in held.keys() - teams.keys():
        held[team].delete()
        audit.record(Kind.MEMBER_LEFT, user, detail=f"team {team.pk}")
    for team, role in teams.items():
        if team not in held:
            Membership.objects.create(user=user, team=team, role=role)
            audit.record(Kind.MEMBER_JOINED, user, detail=f"team {team.pk}: {role}")
        elif held[team].role != role:
            Membership.objects.filter(pk=held[team].pk).update(role=role)
            audit.record(Kind.MEMBER_CHANGED, user, detail=f"team {team.pk}: {role}")
