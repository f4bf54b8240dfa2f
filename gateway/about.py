"""Where each model runs and what calls leave behind: this app's part of `/about/`."""

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import council
from accounts.about import Part, Topic, months
from gateway.models import Deployment, Upstream


def models() -> list[Deployment]:
    """All that may be called, whoever may. Of their servers names and places are told, never addresses."""
    active = Deployment.objects.filter(is_active=True, upstream__is_active=True).select_related("upstream")
    return list(active.order_by("kind", "name", "priority", "id"))


def outside() -> list[Upstream]:
    """Those who process on our behalf what is sent to them."""
    asked = Deployment.objects.filter(is_active=True).values("upstream")
    return list(Upstream.objects.filter(is_active=True, in_house=False, pk__in=asked))


def parts() -> Iterator[Part]:
    yield Part(
        Topic.RECORDED,
        _("Usage"),
        _("Of each call of a model: whose, which model, what for, tokens, times, energy, cost. No word of it."),
        _("%(months)s; sums by day without the person stay") % {"months": months(settings.USAGE_RETENTION_MONTHS)}
        if settings.USAGE_RETENTION_MONTHS
        else months(0),
        _("the person; others after two agreed to it") if council.is_on() else _("the person; admins by person"),
    )
    yield Part(
        Topic.RECORDED,
        _("API keys"),
        _("Name, rights and the day of last use; the key itself cannot be read back."),
        _("as long as the account"),
        _("the person; admins and auditors"),
    )
    yield Part(
        Topic.NOT_RECORDED,
        _("What programs ask through the API"),
        _("Questions and answers under /v1 are passed on and not stored."),
    )
    servers = outside()
    for upstream in servers:
        yield Part(Topic.LEAVES, _where(upstream), _given(upstream))
    if not servers:
        text = _(
            "Every model runs on a server of this organisation’s own: no question, document or answer goes elsewhere."
        )
        yield Part(Topic.LEAVES, _("Models"), text)


def _where(upstream: Upstream) -> str:
    return f"{upstream.name} ({upstream.place})" if upstream.place else upstream.name


def _given(upstream: Upstream) -> str:
    """By what its models do."""
    kinds = set(upstream.deployments.filter(is_active=True).values_list("kind", flat=True))
    got = {
        Deployment.Kind.CHAT: _("questions, what was said before in the chat, and passages of documents"),
        Deployment.Kind.EMBEDDING: _("the text of documents and questions, to find passages by their meaning"),
        Deployment.Kind.RERANK: _("questions and the passages found, to sort them"),
        Deployment.Kind.TRANSCRIPTION: _("recordings, to write them down"),
    }
    text = "; ".join(text for kind, text in got.items() if kind in kinds)
    return _("gets %(what)s, when its models are asked. Never what is in a confidential collection.") % {"what": text}
