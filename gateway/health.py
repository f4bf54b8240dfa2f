"""How the upstreams are. One that fails is not asked for a while, longer each time, unless there is no other."""

import time
from datetime import timedelta

from django.utils import timezone

from gateway.database import in_database
from gateway.exceptions import ContextTooLong, UpstreamBusy, UpstreamError, UpstreamRefused
from gateway.models import Upstream

FIRST_PAUSE = 5.0  # seconds; doubled with each failure in a row
LONGEST_PAUSE = 300.0

_cooling: dict[int, float] = {}  # until when, by the monotonic clock: this process knows at once


def is_cooling(upstream: Upstream) -> bool:
    here = _cooling.get(upstream.pk, 0) > time.monotonic()
    return here or (upstream.cooling_until is not None and upstream.cooling_until > timezone.now())


async def note(upstream: Upstream, error: UpstreamError | None) -> None:
    """What came of a call; one that the upstream refused for itself says nothing about its health."""
    if error is None:
        if upstream.failures or upstream.pk in _cooling:
            _cooling.pop(upstream.pk, None)
            await in_database(recover, upstream.pk)
    elif not isinstance(error, UpstreamRefused | ContextTooLong | UpstreamBusy):
        _cooling[upstream.pk] = time.monotonic() + FIRST_PAUSE
        await in_database(fail, upstream.pk, error.code)


def forget() -> None:
    """What this process alone knows."""
    _cooling.clear()


def recover(upstream_id: int) -> None:
    Upstream.objects.filter(pk=upstream_id).update(failures=0, failure="", cooling_until=None)


def fail(upstream_id: int, code: str) -> None:
    upstream = Upstream.objects.only("failures").get(pk=upstream_id)
    pause = min(FIRST_PAUSE * 2 ** min(upstream.failures, 10), LONGEST_PAUSE)
    Upstream.objects.filter(pk=upstream_id).update(
        failures=upstream.failures + 1, failure=code, cooling_until=timezone.now() + timedelta(seconds=pause)
    )
