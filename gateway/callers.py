"""Who calls, and what they may: the one principal for cookie, key, socket and job, as it stands at this moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from gateway.exceptions import NotAllowed, NotAuthenticated, ScopeMissing
from gateway.fresh import Fresh
from gateway.models import ApiKey, Deployment, Quota, Scope, Upstream


@dataclass(frozen=True)
class Caller:
    """`api_key` is None for a person in the pages and for a job of theirs.

    What one sends that `keeps_in_house` is confidential: no upstream elsewhere gets it, whatever is asked of it.
    """

    user: User
    api_key: ApiKey | None = None
    keeps_in_house: bool = False

    def may_send_to(self, upstream: Upstream) -> bool:
        return upstream.in_house or not self.keeps_in_house

    @property
    def scopes(self) -> frozenset[str] | None:
        """None: those of a person, who needs none."""
        return frozenset(self.api_key.scopes) if self.api_key else None

    @property
    def identity(self) -> tuple[UUID, int | None]:
        return self.user.id, self.api_key.id if self.api_key else None


@dataclass(frozen=True)
class Standing:
    """What a caller may at this moment; `weight` is their share where people wait in line."""

    teams: frozenset[int]
    weight: int
    quotas: tuple[Quota, ...]
    deployments: frozenset[int] | None  # the only ones that a key is for
    scopes: frozenset[str] | None

    def allow(self, scope: str) -> None:
        if self.scopes is not None and scope not in self.scopes:
            raise ScopeMissing(_("This key is not allowed to %(scope)s.") % {"scope": Scope(scope).label})

    def may_call(self, deployment_id: int, teams: frozenset[int]) -> bool:
        named = self.deployments is None or deployment_id in self.deployments
        return named and (not teams or bool(teams & self.teams))


async def standing(caller: Caller) -> Standing:
    """Raises NotAllowed: a socket or a job may live longer than its owner's account."""
    found = await standings.get(caller.identity)
    if found is None:
        raise NotAllowed
    return found


async def by_secret(secret: str) -> Caller:
    """Raises NotAuthenticated."""
    found = await _keys.get(ApiKey.digest_of(secret))
    if found is None or (found[1] is not None and found[1] <= timezone.now()):
        raise NotAuthenticated
    return found[0]


def _standing(who: tuple[UUID, int | None]) -> Standing | None:
    user_id, key_id = who
    if not User.objects.filter(pk=user_id, is_active=True).exists():
        return None
    key = None
    if key_id is not None:
        key = ApiKey.objects.usable().filter(pk=key_id, user=user_id).first()
        if key is None:
            return None
    teams = {membership.team_id: membership.team for membership in _memberships(user_id)}
    return Standing(
        frozenset(teams),
        max([team.weight for team in teams.values()], default=1),
        _quotas(user_id, key_id, list(teams)),
        _named(key) if key else None,
        frozenset(key.scopes) if key else None,
    )


def _named(key: ApiKey) -> frozenset[int] | None:
    if key.model_names is None:
        return None
    return frozenset(Deployment.objects.filter(name__in=key.model_names).values_list("pk", flat=True))


def _memberships(user_id: UUID) -> list[Membership]:
    return list(Membership.objects.filter(user=user_id).select_related("team"))


def _quotas(user_id: UUID, key_id: int | None, teams: list[int]) -> tuple[Quota, ...]:
    """All that a call of theirs may count against, those of deployments included."""
    subjects = Q(user=None, team=None, api_key=None) | Q(user=user_id) | Q(team__in=teams)
    if key_id is not None:
        subjects |= Q(api_key=key_id)
    return tuple(Quota.objects.filter(subjects).select_related("user", "team", "api_key", "deployment").order_by("id"))


def _by_digest(digest: str) -> tuple[Caller, datetime | None] | None:
    key = ApiKey.objects.for_digest(digest)
    if key is None:
        return None
    key.note_use()
    ends = [moment for moment in (key.expires_at, key.former_until if key.digest != digest else None) if moment]
    return Caller(key.user, key), min(ends, default=None)


standings = Fresh(_standing)
_keys = Fresh(_by_digest)
