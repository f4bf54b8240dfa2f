"""People and teams, for those who manage the house."""

from typing import Any, Literal

from django.db import transaction
from django.forms import modelform_factory
from django.http import HttpRequest
from ninja import Status
from pydantic import Field

from accounts import admins, audit, council, people, sessions
from accounts.audit import Kind
from accounts.models import Membership, Team, User
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import SEALED, Flag, Given, Id, Number, Shape, When, left
from accounts.roles import May

RoleName = Literal["member", "auditor", "admin"]
TeamRole = Literal["member", "lead"]
TeamForm = modelform_factory(Team, fields=["name", "weight", "may_create_keys"])

operations = Operations("admin", read="admin", write="admin", see=May.SEE_SETTINGS, change=May.CHANGE_SETTINGS)


class UserShape(Shape):
    noted = frozenset({"last_login"})

    id: Id
    email: str = Field(examples=["bob@example.org"])
    name: str = Field(examples=["Bob"])
    role: RoleName
    is_active: Flag
    last_login: When | None = Field(description=f"{SEALED}.")
    date_joined: When

    @classmethod
    def of(cls, user: User) -> "UserShape":
        known = {name: getattr(user, name) for name in cls.model_fields}
        return cls(**known | ({"last_login": None} if council.is_on() else {}))


class UserChange(Given):
    name: str = left(max_length=150)
    role: RoleName = left()
    is_active: Flag = left()


class TeamShape(Shape):
    id: Number
    name: str = Field(examples=["Board"])
    weight: int
    may_create_keys: Flag

    @classmethod
    def of(cls, team: Team) -> "TeamShape":
        return cls(**{name: getattr(team, name) for name in cls.model_fields})


class TeamChange(Given):
    name: str = left(min_length=1, max_length=150)
    weight: int = left(ge=1, le=100)
    may_create_keys: Flag = left()


class NewTeam(TeamChange):
    name: str = Field(min_length=1, max_length=150, examples=["Board"])


class TeamMemberShape(Shape):
    user: Id
    role: TeamRole

    @classmethod
    def of(cls, row: Membership) -> "TeamMemberShape":
        return cls.model_validate({"user": row.user_id, "role": row.role})


class InTeam(Given):
    role: TeamRole = "member"


@operations.get("admin/users", response=Page[UserShape])
def list_users(request: HttpRequest, turning: Turned) -> Page[UserShape]:
    return page(request, User.objects.all(), ["email", "id"], turning, UserShape.of)


@operations.get("admin/users/{uuid:user}", response=UserShape)
def get_user(request: HttpRequest, user: Id) -> UserShape:
    return UserShape.of(found(User.objects.all(), pk=user))


@operations.patch("admin/users/{uuid:user}", response=UserShape)
def change_user(request: HttpRequest, user: Id, body: UserChange) -> UserShape:
    """Changes name or role, or lets somebody in or out. The last admin stays one."""
    with admins.one_stays():
        row, before = locked(User.objects.all(), pk=user), found(User.objects.all(), pk=user)
        unchanged(request, UserShape.of(row))
        for name, value in body.given().items():
            setattr(row, name, value)
        row.save(update_fields=["name", "is_superuser", "is_staff", "is_active"])
        people.note_changes(before, row)
        if before.name != row.name:
            audit.record(Kind.PERSON_CHANGED, row, detail="name")
    return UserShape.of(row)


@operations.post("admin/users/{uuid:user}/sign-out", response={204: None})
def sign_out_user(request: HttpRequest, user: Id) -> Status[None]:
    sessions.end_others(found(User.objects.all(), pk=user))
    return Status(204, None)


@operations.post("admin/users/{uuid:user}/remove-factors", response={204: None})
def remove_factors(request: HttpRequest, user: Id) -> Status[None]:
    """For who lost theirs."""
    people.take_factors(found(User.objects.all(), pk=user))
    return Status(204, None)


@operations.get("admin/teams", response=Page[TeamShape])
def list_teams(request: HttpRequest, turning: Turned) -> Page[TeamShape]:
    return page(request, Team.objects.all(), ["name", "id"], turning, TeamShape.of)


@operations.post("admin/teams", response={201: TeamShape})
@transaction.atomic
def create_team(request: HttpRequest, body: NewTeam) -> Status[TeamShape]:
    made = valid(TeamForm({"weight": 1, **body.given()})).save()
    audit.record(Kind.SETTING_ADDED, made)
    return Status(201, TeamShape.of(made))


@operations.get("admin/teams/{int:team}", response=TeamShape)
def get_team(request: HttpRequest, team: int) -> TeamShape:
    return TeamShape.of(found(Team.objects.all(), pk=team))


@operations.patch("admin/teams/{int:team}", response=TeamShape)
@transaction.atomic
def change_team(request: HttpRequest, team: int, body: TeamChange) -> TeamShape:
    row = locked(Team.objects.all(), pk=team)
    unchanged(request, TeamShape.of(row))
    form = valid(TeamForm(filled(TeamForm(instance=row), **body.given()), instance=row))
    form.save()
    if form.changed_data:
        audit.record(Kind.SETTING_CHANGED, row, detail=", ".join(form.changed_data))
    return TeamShape.of(row)


@operations.delete("admin/teams/{int:team}", response={204: None})
@transaction.atomic
def delete_team(request: HttpRequest, team: int) -> Status[None]:
    row = locked(Team.objects.all(), pk=team)
    unchanged(request, TeamShape.of(row), required=False)
    audit.record(Kind.SETTING_REMOVED, row)
    row.delete()
    return Status(204, None)


@operations.get("admin/teams/{int:team}/members", response=Page[TeamMemberShape])
def list_team_members(request: HttpRequest, team: int, turning: Turned) -> Page[TeamMemberShape]:
    rows = Membership.objects.filter(team=found(Team.objects.all(), pk=team))
    return page(request, rows, ["id"], turning, TeamMemberShape.of)


@operations.post("admin/teams/{int:team}/members/{uuid:user}", response=TeamMemberShape)
@transaction.atomic
def put_in_team(request: HttpRequest, team: int, user: Id, body: InTeam) -> TeamMemberShape:
    """Into the team, or with another role in it."""
    where: dict[str, Any] = {"team": found(Team.objects.all(), pk=team), "user": found(User.objects.all(), pk=user)}
    row, is_new = Membership.objects.update_or_create(**where, defaults={"role": body.role})
    kind = Kind.MEMBER_JOINED if is_new else Kind.MEMBER_CHANGED
    audit.record(kind, row.user, detail=f"team {row.team_id}: {row.role}")
    return TeamMemberShape.of(row)


@operations.delete("admin/teams/{int:team}/members/{uuid:user}", response={204: None})
@transaction.atomic
def take_out_of_team(request: HttpRequest, team: int, user: Id) -> Status[None]:
    row = found(Membership.objects.select_related("user"), team=team, user=user)
    audit.record(Kind.MEMBER_LEFT, row.user, detail=f"team {row.team_id}: {row.role}")
    row.delete()
    return Status(204, None)
