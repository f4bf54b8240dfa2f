"""Servers and what they offer: asked for their models, turned into deployments, tried out."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from gateway import probing
from gateway.exceptions import UpstreamError
from gateway.models import Deployment, Upstream

EMBEDDING_NAMES = re.compile(r"embed|minilm|\bbge\b|\be5\b|\bgte\b|sentence-transformers", re.IGNORECASE)
OTHER_NAMES = re.compile(r"rerank|whisper|\btts\b|moderation", re.IGNORECASE)
LONGEST_NAME = 200


@dataclass(frozen=True)
class Trial:
    """What came of asking an upstream for its models."""

    milliseconds: int
    models: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def reachable(self) -> bool:
        return not self.error


def test(upstream: Upstream) -> Trial:
    began = time.monotonic()
    try:
        models, error = [entry["id"] for entry in probing.list_models(upstream)], ""
    except UpstreamError as failure:
        models, error = [], str(failure)
    return Trial(round((time.monotonic() - began) * 1000), models, error)


def discover(upstream: Upstream) -> list[Deployment]:
    """Offer every model the upstream lists that is not offered yet; raises UpstreamError."""
    return offer(upstream, probing.list_models(upstream))


@transaction.atomic
def offer(upstream: Upstream, entries: Iterable[dict[str, Any]]) -> list[Deployment]:
    """Deployments for these entries of a model list; what is there already stays as the admin left it."""
    Upstream.objects.select_for_update().get(pk=upstream.pk)  # two processes may start at once
    known = set(upstream.deployments.values_list("model", flat=True))
    added = []
    for entry in entries:
        model, kind = entry["id"], _kind(entry)
        if kind and model not in known and 0 < len(model) <= LONGEST_NAME:
            known.add(model)
            added.append(_create(upstream, model, kind, entry))
    return added


def register_embedded(base_url: str, api_key: str) -> Upstream:
    """Make the server's own model server known at its address of this start."""
    address = {"base_url": base_url, "api_key": api_key}
    upstream, _created = Upstream.objects.update_or_create(
        is_embedded=True,
        defaults=address,
        create_defaults=address | {"name": _embedded_name(), "place": _("on this server")},
    )
    discover(upstream)
    return upstream


def _embedded_name() -> str:
    taken = set(Upstream.objects.values_list("name", flat=True))
    return next(name for name in _numbered(_("Embedded")) if name not in taken)


def _create(upstream: Upstream, model: str, kind: Deployment.Kind, entry: dict[str, Any]) -> Deployment:
    about = _about(entry)
    licence = about.get("licence")
    context_length = about.get("context_length") or entry.get("max_model_len")
    return Deployment.objects.create(
        upstream=upstream,
        name=_public_name(upstream, model),
        model=model,
        kind=kind,
        licence=licence[:100] if isinstance(licence, str) else "",
        context_length=context_length if isinstance(context_length, int) and 0 < context_length < 2**31 else None,
        is_default=not Deployment.objects.filter(kind=kind, is_default=True).exists(),
    )


def _about(entry: dict[str, Any]) -> dict[str, Any]:
    """What a server of ours says about its model beyond the OpenAI fields."""
    about = entry.get("voliere")
    return about if isinstance(about, dict) else {}


def _kind(entry: dict[str, Any]) -> Deployment.Kind | None:
    """None for what is neither for chat nor for embedding."""
    if stated := _about(entry).get("kind"):
        return Deployment.Kind(stated) if stated in Deployment.Kind.values else None
    if OTHER_NAMES.search(entry["id"]):
        return None
    return Deployment.Kind.EMBEDDING if EMBEDDING_NAMES.search(entry["id"]) else Deployment.Kind.CHAT


def _public_name(upstream: Upstream, model: str) -> str:
    names = [model, *islice(_numbered(f"{upstream.name}/{model}"), 100)]
    taken = set(Deployment.objects.filter(name__in=names).values_list("name", flat=True))
    return next(name for name in names if name not in taken)


def _numbered(name: str) -> Iterable[str]:
    yield name[:LONGEST_NAME]
    number = 2
    while True:
        yield f"{name[: LONGEST_NAME - 10]} {number}"
        number += 1
