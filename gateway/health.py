"""How the upstreams are. One that fails is not asked for a while, longer each time, unless there is no other.

Many processes write here at once: every change is one statement that counts in the database. Calls that fail while an
upstream rests already were under way when it fell: they count once, together.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Least, Now, Power
from django.utils import timezone

from gateway import metrics, outbox
from gateway.database import in_database
from gateway.exceptions import (
    ContextTooLong,
    KeyRefused,
    ModelGone,
    UpstreamBusy,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from gateway.models import Event, Upstream

FIRST_PAUSE = 5.0  # seconds; doubled with each failure in a row
LONGEST_PAUSE = 300.0
DOWN_AFTER = 2  # failures in a row: one is soon over, most of the time
# of one call or one model, and no sign that the server is ill
NO_ILLNESS = (UpstreamRefused, ContextTooLong, UpstreamBusy, ModelGone)
# a server that lists its models may still fail like this when it is called: only a call can tell that it is over
SEEN_BY_CALLS_ALONE = (UpstreamError.code, KeyRefused.code, UpstreamTimeout.code)

logger = logging.getLogger(__name__)
_cooling: dict[int, float] = {}  # until when, by the monotonic clock: this process knows at once


def is_cooling(upstream: Upstream) -> bool:
    here = _cooling.get(upstream.id, 0) > time.monotonic()
    return here or (upstream.cooling_until is not None and upstream.cooling_until > timezone.now())


async def note(upstream: Upstream, error: UpstreamError | None) -> None:
    """What came of a call; one that the upstream refused for itself says nothing about its health."""
    if error is None:
        if upstream.failures or upstream.id in _cooling:
            _cooling.pop(upstream.id, None)
            await _written(recover, upstream.id)
        return
    metrics.upstream_failures.labels(upstream.name, error.code).inc()
    if not isinstance(error, NO_ILLNESS):
        _cooling[upstream.id] = time.monotonic() + FIRST_PAUSE
        await _written(fail, upstream.id, error.code)


async def _written(change: Callable[..., None], *about: object) -> None:
    """If the database is there: what came of the call matters more to whoever asked."""
    try:
        await in_database(change, *about)
    except (OperationalError, InterfaceError) as error:
        logger.warning("The health of an upstream could not be noted: %s", type(error).__name__)


def forget() -> None:
    """What this process alone knows."""
    _cooling.clear()


def recover(upstream_id: int, base_url: str = "", unless: tuple[str, ...] = ()) -> None:
    """It answers again; where an address is given, only if it is still the one that was asked."""
    ill = _at(upstream_id, base_url).exclude(failures=0, cooling_until=None).exclude(failure__in=unless)
    with transaction.atomic():
        failures = list(ill.select_for_update().values_list("failures", flat=True))
        ill.update(failures=0, failure="", failing_since=None, cooling_until=None)
        if failures and failures[0] >= DOWN_AFTER:
            outbox.tell_house(Event.UPSTREAM_UP, upstream_id)


def fail(upstream_id: int, code: str, base_url: str = "") -> None:
    pause = Least(FIRST_PAUSE * Power(2.0, Cast(Least(F("failures"), 10), FloatField())), LONGEST_PAUSE)
    rest = ExpressionWrapper(Value(timedelta(seconds=1)) * pause, DurationField())
    awake = Q(cooling_until=None) | Q(cooling_until__lte=Now())
    with transaction.atomic():
        failed = (
            _at(upstream_id, base_url)
            .filter(awake)
            .update(
                failures=F("failures") + 1,
                failure=code,
                failing_since=Coalesce("failing_since", Now()),
                cooling_until=ExpressionWrapper(Now() + rest, DateTimeField()),
            )
        )
        if failed and Upstream.objects.filter(pk=upstream_id, failures=DOWN_AFTER).exists():
            outbox.tell_house(Event.UPSTREAM_DOWN, upstream_id)


def _at(upstream_id: int, base_url: str) -> QuerySet[Upstream]:
    same = Upstream.objects.filter(pk=upstream_id)
    return same.filter(base_url=base_url) if base_url else same
