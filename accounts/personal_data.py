"""A person's account: what they get of it, and how it goes (see `accounts.belongings`)."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q

from accounts import admins, sessions
from accounts.audit import AuditEvent
from accounts.belongings import Count, Part, fields, json_file
from accounts.models import Agreement, BreakGlass, DataExport, Invitation, Membership, User

PROFILE = ("id", "email", "name", "date_joined", "last_login", "is_active", "language", "theme", "text_size",
           "instructions", "whole_answers", "notifies", "single_keys", "remembers",
           "steps_put_away")  # fmt: skip
EVENT = ("at", "kind", "actor_id", "object_kind", "object_id", "outcome", "detail", "address")
SESSION = ("created_at", "last_seen_at", "ip", "user_agent")
GLASS = ("what", "reason", "hours", "asked_at", "granted_at", "until")
INVITATION = ("email", "role", "created_at", "expires_at", "accepted_at", "revoked_at")


def export(user: User) -> Iterator[Part]:
    yield json_file("profile", [{**fields(user, *PROFILE), "role": str(user.role)}])
    yield json_file("memory", user.facts.values("text", "created_at"))
    yield json_file("teams", Membership.objects.filter(user=user).values("team__name", "role"))
    yield json_file("sessions", UserSession.objects.filter(user=user).values(*SESSION))
    yield json_file("second_factors", Authenticator.objects.filter(user=user).values("type", "created_at"))
    yield json_file("single_sign_on", SocialAccount.objects.filter(user=user).values("provider", "uid", "date_joined"))
    yield json_file("privacy_notices", Agreement.objects.filter(user=user).values("notice__version", "at"))
    yield json_file("notifications", user.notifications.values("kind", "about", "at", "read_at"))
    yield json_file("break_glass", BreakGlass.objects.filter(person=user).values(*GLASS))
    yield json_file("invitations", Invitation.objects.filter(_named(user) | Q(made_by=user)).values(*INVITATION))
    events = AuditEvent.objects.filter(Q(actor=user.pk) | Q(object_id=str(user.pk))).order_by("id")
    yield json_file("audit_log", events.values(*EVENT).iterator(chunk_size=1_000))


def _named(user: User) -> Q:
    return Q(accepted_by=user) | Q(email__iexact=user.email)


def stored_files(user: User) -> list[str]:
    return [str(each.file.field.generate_filename(each, "")) for each in DataExport.objects.filter(user=user)]


def close(user: User) -> None:
    """From now on nobody comes in as this person. Raises `LastAdmin`."""
    with admins.one_stays():
        User.objects.filter(pk=user.pk).update(is_active=False)
    sessions.end_others(user)


def erase(user: User, count: Count) -> None:
    """The last to go: whatever else hangs on the account goes with it."""
    with transaction.atomic():
        Invitation.objects.filter(_named(user)).update(email="")
        forget_in_panel(user.pk)
        count("memory", user.facts.count())
        count("second factors", Authenticator.objects.filter(user=user).count())
        count("memberships", Membership.objects.filter(user=user).count())
        count("accounts", 1)
        for session in UserSession.objects.filter(user=user):
            session.end()
        user.delete()


def forget_in_panel(*ids: Any) -> None:
    """Django notes what was called how when somebody changed it in the panel."""
    LogEntry.objects.filter(object_id__in=[str(each) for each in ids]).update(object_repr="", change_message="")
