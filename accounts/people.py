"""What is done to a person's account by those who manage accounts."""

from allauth.mfa.models import Authenticator

from accounts import audit
from accounts.audit import Kind
from accounts.models import User


def note_changes(before: User, now: User) -> None:
    if before.role != now.role:
        audit.record(Kind.ROLE_CHANGED, now, detail=f"{before.role} → {now.role}")
    if before.is_active != now.is_active:
        audit.record(Kind.PERSON_ACTIVATED if now.is_active else Kind.PERSON_DEACTIVATED, now)


def take_factors(user: User) -> None:
    """For who lost theirs: they set up others, at once where the house asks for one."""
    for authenticator in Authenticator.objects.filter(user=user):
        audit.record(Kind.FACTOR_REMOVED, user, detail=authenticator.type)
        authenticator.delete()
