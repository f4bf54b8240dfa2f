"""Servers and what they offer: asked for their models, turned into deployments, tried out."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from gateway import discovery, health, rounds
from gateway.dialects.model import LONGEST_NAME, Model
from gateway.exceptions import UpstreamError
from gateway.models import Alias, Deployment, Upstream

Kind = Deployment.Kind
MOST = 500  # models of one upstream
NOTICED = {"model": _lazy("model"), "context_length": _lazy("context length"), "quantisation": _lazy("quantisation")}
# the first that fits; None: for something that is not offered here
NAMES: tuple[tuple[re.Pattern[str], Kind | None], ...] = (
    (re.compile(r"rerank", re.IGNORECASE), Kind.RERANK),
    (re.compile(r"whisper|transcri", re.IGNORECASE), Kind.TRANSCRIPTION),
    (re.compile(r"\btts\b|moderation", re.IGNORECASE), None),
    (re.compile(r"embed|minilm|\bbge\b|\be5\b|\bgte\b|sentence-transformers", re.IGNORECASE), Kind.EMBEDDING),
)


@dataclass(frozen=True)
class Trial:
    """What came of asking an upstream for its models."""

    milliseconds: int
    models: list[str] = field(default_factory=list)
    software: str = ""
    error: str = ""

    @property
    def reachable(self) -> bool:
        return not self.error


def test(upstream: Upstream) -> Trial:
    began = time.monotonic()
    try:
        found = discovery.look(upstream)
    except UpstreamError as failure:
        return Trial(_since(began), error=str(failure))
    rounds.conclude(upstream, found.names)
    return Trial(_since(began), found.names, found.software)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def discover(upstream: Upstream) -> list[Deployment]:
    """Offer every model the upstream lists that is not offered yet; raises UpstreamError."""
    found = discovery.look(upstream)
    rounds.conclude(upstream, found.names)
    return offer(upstream, found.models)


@transaction.atomic
def offer(upstream: Upstream, models: Iterable[Model]) -> list[Deployment]:
    """Deployments for these models; what is there already stays as the admin left it."""
    Upstream.objects.select_for_update().get(pk=upstream.pk)  # two processes may start at once
    known = set(upstream.deployments.values_list("model", flat=True))
    added = []
    for model in islice(models, MOST):
        kind = _kind(model)
        if kind and model.id not in known:
            known.add(model.id)
            added.append(_create(upstream, model, kind))
    return added


def register_embedded(base_url: str, api_key: str) -> Upstream:
    """Make the server's own model server known at its address of this start."""
    address = {"base_url": base_url, "api_key": api_key}
    upstream, _created = Upstream.objects.update_or_create(
        is_embedded=True,
        defaults=address,
        create_defaults=address | {"name": _free_name(_("Embedded")), "place": _("on this server"), "in_house": True},
    )
    discover(upstream)
    health.recover(upstream.pk)
    return upstream


def expect_embedded() -> None:
    """It is being started: nobody asks how it is at its old address (see `rounds`)."""
    Upstream.objects.filter(is_embedded=True).update(probed_at=None)


def add_found(name: str, base_url: str) -> Upstream:
    """Register a server of this machine under that name, or one with a number behind it; raises UpstreamError."""
    upstream = Upstream(name=_free_name(name), base_url=base_url, place=_("on this server"), in_house=True)
    found = discovery.look(upstream)
    upstream.save()
    rounds.conclude(upstream, found.names)
    offer(upstream, found.models)
    return upstream


def elsewhere_too(deployments: Iterable[Deployment]) -> list[Deployment]:
    """Those among them whose model another upstream offers as well: they could share its public name."""
    models = {deployment.model: deployment for deployment in deployments}
    others = Deployment.objects.filter(model__in=models).exclude(pk__in=[each.pk for each in models.values()])
    return [models[name] for name in sorted(set(others.values_list("model", flat=True)))]


def differences(deployment: Deployment) -> list[str]:
    """In words, what callers of its public name would notice when another deployment of it answers."""
    others = list(deployment.namesakes())
    return [
        str(words)
        for name, words in NOTICED.items()
        if any(getattr(other, name) != getattr(deployment, name) for other in others)
    ]


def _free_name(name: str) -> str:
    taken = set(Upstream.objects.values_list("name", flat=True))
    return next(name for name in _numbered(name) if name not in taken)


def _create(upstream: Upstream, model: Model, kind: Kind) -> Deployment:
    about: dict[str, object] = {"slots": model.slots} if model.slots else {}
    return Deployment.objects.create(
        upstream=upstream,
        name=_public_name(upstream, model.id),
        model=model.id,
        kind=kind,
        licence=model.licence,
        quantisation=model.quantisation,
        context_length=model.context_length,
        has_responses=model.has_responses and kind == Kind.CHAT,
        is_active=not model.is_elsewhere,
        is_default=not model.is_elsewhere and not Deployment.objects.filter(kind=kind, is_default=True).exists(),
        **about,
    )


def _kind(model: Model) -> Kind | None:
    """None for what is not offered here."""
    if model.kind:
        return Kind(model.kind) if model.kind in Kind.values else None
    return next((kind for names, kind in NAMES if names.search(model.id)), Kind.CHAT)


def _public_name(upstream: Upstream, model: str) -> str:
    names = [model, *islice(_numbered(f"{upstream.name}/{model}"), 100)]
    taken = set(Deployment.objects.filter(name__in=names).values_list("name", flat=True))
    taken |= set(Alias.objects.filter(name__in=names).values_list("name", flat=True))
    return next(name for name in names if name not in taken)


def _numbered(name: str) -> Iterable[str]:
    yield name[:LONGEST_NAME]
    number = 2
    while True:
        yield f"{name[: LONGEST_NAME - 10]} {number}"
        number += 1
