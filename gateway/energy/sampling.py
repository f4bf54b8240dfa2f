"""The rounds of the meters: every server that is on gets, without a gap, what it consumed since the round before.

A meter that stays silent for a while is waited for, as its counter goes on; after that, or where it began anew, the
stated power stands in for it. Without one the time counts as unknown. No call ever waits for any of this.
"""

import asyncio
import time
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from gateway import probing
from gateway.energy import booking
from gateway.energy.reading import Reading, read
from gateway.energy.sharing import Shares, busy, shared
from gateway.energy.windows import LONGEST, SHORTEST, Window, between, is_plausible
from gateway.exceptions import MeterUnreadable
from gateway.models import Method, PowerMeter, ServerHours, Upstream

AT_ONCE = 4
STEADY = 0.1  # what a new time without calls counts towards the power when idle

Outcome = Reading | MeterUnreadable | None  # None: nothing was to be asked


def sample_all() -> None:
    meters = list(_meters())
    outcomes = probing.run(_read_all(meters))
    for meter, outcome in zip(meters, outcomes, strict=True):
        conclude(meter.pk, outcome, time.time())


def _meters() -> QuerySet[PowerMeter]:
    servers = Upstream.objects.filter(is_active=True)
    PowerMeter.objects.bulk_create(
        [PowerMeter(upstream=upstream) for upstream in servers.filter(power_meter=None)], ignore_conflicts=True
    )
    is_off = Q(upstream__hours__state=ServerHours.State.ASLEEP)
    return PowerMeter.objects.filter(upstream__is_active=True).exclude(is_off).select_related("upstream")


async def _read_all(meters: list[PowerMeter]) -> list[Outcome]:
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(meter: PowerMeter) -> Outcome:
        if meter.source == PowerMeter.Source.STATED:
            return None
        async with turns:
            try:
                return await read(meter)
            except MeterUnreadable as error:
                return error

    return list(await asyncio.gather(*map(ask, meters)))


@transaction.atomic
def conclude(meter_id: int, outcome: Outcome, now: float) -> None:
    """Book what happened since the last time, once, however many rounds are under way."""
    meters = PowerMeter.objects.select_for_update(of=("self",)).select_related("upstream")
    meter = meters.filter(pk=meter_id).first()
    if meter is None:  # removed meanwhile
        return
    since = meter.read_at.timestamp() if meter.read_at else None
    now = outcome.at if isinstance(outcome, Reading) else now
    if since is not None and 0 <= now - since < SHORTEST:  # another round was here
        return
    problem = str(outcome) if isinstance(outcome, MeterUnreadable) else ""
    if problem and meter.readings and since is not None and 0 <= now - since < LONGEST:
        _note(meter, problem)
        return
    if since is not None and SHORTEST <= now - since <= LONGEST:
        problem = _book(meter, outcome, Window(since, now, 0.0)) or problem
    meter.read_at = datetime.fromtimestamp(now, UTC)
    meter.readings = _kept(outcome) if isinstance(outcome, Reading) else {}
    _note(meter, problem)


def _book(meter: PowerMeter, outcome: Outcome, time_only: Window) -> str:
    """Returns what is wrong with the meter."""
    problem = ""
    if isinstance(outcome, Reading) and meter.readings:
        window = between(Reading(**meter.readings), outcome)
        spans = booking.answered(meter.upstream, window) if window else {}
        if window and is_plausible(window, len(outcome.values), meter.upstream.watts, busy(window, spans).busy_seconds):
            shares = shared(window, spans, _idle_watts(meter))
            _learn(meter, window, shares)
            booking.book(meter.upstream, window, Method.MEASURED, shares, spans)
            return ""
        problem = _("The meter tells what cannot be: is the unit right?") if window else ""
    _book_stated(meter, time_only)
    return problem


def _book_stated(meter: PowerMeter, window: Window) -> None:
    spans = booking.answered(meter.upstream, window)
    shares, watts = busy(window, spans), meter.upstream.watts
    if watts is not None:
        shares.idle_joules = (meter.idle_watts or 0) * (window.seconds - shares.busy_seconds)
        window = window._replace(joules=shares.idle_joules + watts * shares.busy_seconds)
    booking.book(meter.upstream, window, Method.NONE if watts is None else Method.STATED, shares, spans)


def _idle_watts(meter: PowerMeter) -> float | None:
    return meter.idle_watts if meter.idle_learned is None else meter.idle_learned


def _learn(meter: PowerMeter, window: Window, shares: Shares) -> None:
    if not shares.of_calls:
        known = window.watts if meter.idle_learned is None else meter.idle_learned
        meter.idle_learned = known + STEADY * (window.watts - known)


def _kept(reading: Reading) -> dict[str, object]:
    return {"at": reading.at, "of": reading.of, "is_power": reading.is_power, "values": reading.values}


def _note(meter: PowerMeter, problem: str) -> None:
    if problem != meter.problem:
        meter.problem_since = datetime.now(UTC) if problem else None
    meter.problem = problem[:200]
    meter.save(update_fields=["readings", "read_at", "idle_learned", "problem", "problem_since"])
