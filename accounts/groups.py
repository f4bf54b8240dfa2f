"""Groups of an identity provider become teams here, by the mapping in the panel."""

from typing import Any

from django.db import transaction

from accounts import audit
from accounts.audit import Kind
from accounts.models import GroupMapping, IdentityProvider, Membership, User


@transaction.atomic
def apply(slug: str, user: User, claims: dict[str, Any]) -> None:
    """At each sign-in. Of teams that are mapped the provider says who is in; others are left alone."""
    provider = IdentityProvider.objects.active().filter(slug=slug).first()
    if provider is None or not provider.group_claim:
        return
    told = claims.get(provider.group_claim, [])
    held = {str(group) for group in told} if isinstance(told, list) else {str(told)}
    mappings = list(GroupMapping.objects.filter(provider=provider))
    wanted: dict[int, str] = {}
    for mapping in mappings:
        if mapping.group in held and wanted.get(mapping.team_id) != Membership.Role.LEAD:  # the greater right wins
            wanted[mapping.team_id] = mapping.role
    for team in {mapping.team_id for mapping in mappings}:
        _settle(user, team, wanted.get(team))


def _settle(user: User, team: int, role: str | None) -> None:
    held = Membership.objects.filter(user=user, team_id=team).first()
    if role == (held.role if held else None):
        return
    detail = f"team {team}: {role or (held and held.role)}"
    if role is None:
        Membership.objects.filter(user=user, team_id=team).delete()
        audit.record(Kind.MEMBER_LEFT, user, actor=user, detail=detail)
    else:
        Membership.objects.update_or_create(user=user, team_id=team, defaults={"role": role})
        audit.record(Kind.MEMBER_CHANGED if held else Kind.MEMBER_JOINED, user, actor=user, detail=detail)
