"""Invitations, for those who may invite: admins anyone, leads into a team of theirs."""

from typing import Any

from django.http import HttpRequest
from ninja import Status
from pydantic import Field

from accounts import inviting
from accounts.exceptions import NotPermitted
from accounts.invitation_forms import InvitationForm
from accounts.models import Invitation, User
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found
from accounts.rest.paging import Page, Turned, page
from accounts.rest.people import RoleName, TeamRole
from accounts.rest.shapes import Given, Number, Shape, When, left
from accounts.signing_in import person

operations = Operations("invitations", read="admin", write="admin")


class InvitationShape(Shape):
    id: Number
    email: str
    role: RoleName
    team: Number | None
    team_role: TeamRole
    expires_at: When

    @classmethod
    def of(cls, made: Invitation) -> "InvitationShape":
        return cls(**_known(made))


class MadeInvitation(InvitationShape):
    link: str = Field(description="Told this once.", examples=["https://chat.example.org/accounts/invitation/…"])


class NewInvitation(Given):
    email: str = left(max_length=254, examples=["bob@example.org"])
    role: RoleName = left()
    team: Number | None = None
    team_role: TeamRole = left()


@operations.get("invitations", response=Page[InvitationShape])
def list_invitations(request: HttpRequest, turning: Turned) -> Page[InvitationShape]:
    """Those that can be used still and that the caller may take back."""
    rows = Invitation.objects.managed_by(_inviter(request)).open()
    return page(request, rows, ["-id"], turning, InvitationShape.of)


@operations.post("invitations", response={201: MadeInvitation})
def create_invitation(request: HttpRequest, body: NewInvitation) -> Status[MadeInvitation]:
    """An admin invites anyone; a lead invites members into a team of theirs."""
    user = _inviter(request)
    form = valid(InvitationForm(filled(InvitationForm(user=user), **body.given()), user=user))
    made = form.save(commit=False)
    link = inviting.invite(made, user)
    return Status(201, MadeInvitation(**_known(made), link=link))


@operations.post("invitations/{int:invitation}/revoke", response={204: None})
def revoke_invitation(request: HttpRequest, invitation: int) -> Status[None]:
    inviting.revoke(found(Invitation.objects.managed_by(person(request)), pk=invitation))
    return Status(204, None)


def _inviter(request: HttpRequest) -> User:
    user = person(request)
    if not inviting.may_invite(user):
        raise NotPermitted
    return user


def _known(made: Invitation) -> dict[str, Any]:
    same = ("email", "role", "team_role", "expires_at")
    return {"id": made.pk, "team": made.team_id, **{name: getattr(made, name) for name in same}}
