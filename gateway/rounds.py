"""The rounds: every active upstream is asked for its models, whoever calls it or not.

One that fails rests as after a failed call; one that answers again is back at once. A deployment whose model is no
longer listed is marked, never taken away: the admin decides.
"""

import asyncio

from django.db.models import Q
from django.utils import timezone

from gateway import health, probing
from gateway.exceptions import (
    KeyRefused,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from gateway.models import ServerHours, Upstream

TIMEOUT = 5.0  # seconds
AT_ONCE = 4
NO_LIST = (404, 405)  # statuses
LIST_MISSING = "list_missing"  # of one that offers nothing here either: a wrong address, most of the time
LIST_REFUSED, LIST_FAILED = "list_refused", "list_failed"  # codes of failures that only we see: a wrong key, the rest

Outcome = list[str] | UpstreamError | None  # None: it answers and has no list


def probe_all() -> None:
    # the embedded server has a new address with each start: until that is known, the old one says nothing
    waiting = Q(is_embedded=True, probed_at=None)
    awake = Q(hours=None) | Q(hours__state=ServerHours.State.AWAKE)  # who sleeps is not ill
    upstreams = list(Upstream.objects.filter(awake, is_active=True).exclude(waiting))
    for upstream, outcome in zip(upstreams, probing.run(_ask_all(upstreams)), strict=True):
        conclude(upstream, outcome)


async def _ask_all(upstreams: list[Upstream]) -> list[Outcome]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(upstream: Upstream) -> Outcome:
        async with turns, probing.visit(upstream, TIMEOUT) as visit:
            try:
                return [entry["id"] for entry in await visit.models()]
            except UpstreamError as error:
                return None if visit.status in NO_LIST else error

    return list(await asyncio.gather(*map(ask, upstreams)))


def conclude(upstream: Upstream, outcome: Outcome) -> None:
    """Keep what came of asking, unless the upstream has got another address meanwhile."""
    asked = Upstream.objects.filter(pk=upstream.pk, base_url=upstream.base_url)
    asked.update(probed_at=timezone.now())
    if outcome is None and not upstream.deployments.exists():
        health.fail(upstream.pk, LIST_MISSING, upstream.base_url)
        return
    if isinstance(outcome, UpstreamError):
        if code := _code(outcome):
            health.fail(upstream.pk, code, upstream.base_url)
        return
    health.recover(upstream.pk, upstream.base_url, unless=health.SEEN_BY_CALLS_ALONE)
    if outcome is not None:
        _mark_missing(upstream, outcome)


def _code(error: UpstreamError) -> str:
    if isinstance(error, UpstreamBusy):  # or still loading: it is there
        return ""
    if isinstance(error, UpstreamTimeout):  # not even a list in five seconds: as good as away
        return UpstreamUnreachable.code
    if isinstance(error, KeyRefused):
        return LIST_REFUSED
    return error.code if isinstance(error, UpstreamUnreachable | UpstreamBroken) else LIST_FAILED


def _mark_missing(upstream: Upstream, listed: list[str]) -> None:
    # Ollama lists `wren:latest` and takes `wren` as well
    known = [*listed, *(name.removesuffix(":latest") for name in listed)]
    upstream.deployments.filter(model__in=known).exclude(missing_since=None).update(missing_since=None)
    upstream.deployments.filter(missing_since=None).exclude(model__in=known).update(missing_since=timezone.now())
