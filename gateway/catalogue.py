"""What is offered: every active deployment under its public name."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.callers import Standing
from gateway.exceptions import UnknownModel
from gateway.fresh import Fresh
from gateway.models import Alias, Deployment


@dataclass(frozen=True)
class Offer:
    deployment: Deployment
    teams: frozenset[int]  # whom it is for; none: everyone

    def is_for(self, standing: Standing) -> bool:
        return standing.may_call(self.deployment.id, self.teams)


@dataclass(frozen=True)
class Catalogue:
    by_name: dict[str, list[Offer]] = field(default_factory=dict)
    by_id: dict[int, Offer] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def find(self, name: str, kind: str, standing: Standing) -> list[Deployment]:
        """Those of that name, of the default's for an empty one; raises UnknownModel."""
        offers = self.by_name.get(self.aliases.get(name, name), []) if name else self._default(kind, standing)
        found = [offer.deployment for offer in offers if offer.deployment.kind == kind and offer.is_for(standing)]
        if not found:
            raise UnknownModel(param="model")
        return found

    def offered_to(self, standing: Standing) -> Iterator[tuple[str, Deployment]]:
        """Every name and alias with a deployment that answers under it."""
        names = [*((name, name) for name in self.by_name), *self.aliases.items()]
        for name, target in names:
            found = (offer.deployment for offer in self.by_name.get(target, ()) if offer.is_for(standing))
            if deployment := next(found, None):
                yield name, deployment

    def _default(self, kind: str, standing: Standing) -> list[Offer]:
        for offers in self.by_name.values():  # the default is first
            if any(offer.deployment.kind == kind and offer.is_for(standing) for offer in offers):
                return offers
        return []


async def current() -> Catalogue:
    return await catalogue.get(None)


def _load(_: None) -> Catalogue:
    found = Catalogue(aliases=dict(Alias.objects.values_list("name", "target")))
    active = Deployment.objects.filter(is_active=True, upstream__is_active=True)
    active = active.order_by("kind", "-is_default", "name", "priority", "id")
    for deployment in active.select_related("upstream").prefetch_related("teams"):
        offer = Offer(deployment, frozenset(team.pk for team in deployment.teams.all()))
        found.by_name.setdefault(deployment.name, []).append(offer)
        found.by_id[deployment.id] = offer
    return found


catalogue = Fresh(_load)
