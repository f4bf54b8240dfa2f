"""Invitations: a link is made, used once, or taken back."""

from urllib.parse import urljoin
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit, roles, rules
from accounts.audit import Kind
from accounts.exceptions import AddressTaken, InvitationInvalid
from accounts.models import Invitation, Membership, Team, User
from accounts.roles import May, Role


def absolute(path: str) -> str:
    return str(urljoin(settings.PUBLIC_URL, path))


def link(invitation: Invitation) -> str:
    """Of one that was just made."""
    return absolute(reverse("invitation", args=[invitation.token]))


def may_invite(user: User) -> bool:
    return roles.may(user, May.INVITE_ANYONE) or bool(teams_of(user))


def teams_of(user: User) -> list[Team]:
    """Into which a person may invite."""
    if roles.may(user, May.INVITE_ANYONE):
        return list(Team.objects.all())
    led = Team.objects.filter(membership__user=user, membership__role=Membership.Role.LEAD)
    return [team for team in led if roles.may(user, May.INVITE_TO_TEAM, team)]


def invite(invitation: Invitation, by: User) -> str:
    """Make the link of what was filled in; returns it, for the only time."""
    invitation.made_by = by
    invitation.draw(rules.current().invitation_days)
    invitation.save()
    audit.record(Kind.INVITED, invitation, actor=by, detail=_rights(invitation))
    return link(invitation)


def _rights(invitation: Invitation) -> str:
    in_team = f", team {invitation.team_id}: {invitation.team_role}" if invitation.team_id else ""
    return f"{invitation.role}{in_team}"


def find(token: str) -> Invitation:
    """Raises InvitationInvalid."""
    found = Invitation.objects.open().filter(digest=Invitation.digest_of(token)).first()
    if found is None or not _still_given(found):
        raise InvitationInvalid
    return found


def _still_given(invitation: Invitation) -> bool:
    """Whoever made it must still be allowed to: else a demoted admin could come back by a link kept in a drawer."""
    by = invitation.made_by
    if by is None or not by.is_active:
        return False
    team = invitation.team
    is_for_team = team is not None and invitation.role == Role.MEMBER and roles.may(by, May.INVITE_TO_TEAM, team)
    return roles.may(by, May.INVITE_ANYONE) or is_for_team


@transaction.atomic
def accept(token: str, email: str, name: str, password: str = "", *, pk: UUID | None = None) -> User:
    """Raises InvitationInvalid when it was used meanwhile, AddressTaken."""
    waiting = Invitation.objects.open().select_for_update()
    invitation = waiting.filter(pk=find(token).pk).first()  # the second of two at once waits here, and finds it used
    if invitation is None:
        raise InvitationInvalid
    email = invitation.email or email
    if User.objects.filter(email__iexact=email).exists():
        raise AddressTaken
    user = User(id=pk or uuid4(), email=User.objects.normalize_email(email).lower(), name=name)
    user.role = invitation.role
    user.set_password(password or None)
    user.save()
    if invitation.team:
        Membership.objects.create(user=user, team=invitation.team, role=invitation.team_role)
        audit.record(Kind.MEMBER_JOINED, user, actor=user, detail=f"team {invitation.team_id}: {invitation.team_role}")
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=timezone.now(), accepted_by=user)
    audit.record(Kind.INVITATION_ACCEPTED, invitation, actor=user, detail=_rights(invitation))
    return user


def revoke(invitation: Invitation) -> None:
    """What was used or revoked stays as it is."""
    if Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(Kind.INVITATION_REVOKED, invitation)
