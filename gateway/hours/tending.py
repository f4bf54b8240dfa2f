"""The rounds that start and stop servers. Each step is a change of one row under its lock, so of two who see the same
only one acts; what was begun and not ended, as its process was killed, is begun again.
"""

import contextlib
import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.expressions import ExpressionWrapper
from django.db.models.fields import DateTimeField
from django.utils import timezone
from django.utils.translation import gettext as _

from gateway import health, probing
from gateway.exceptions import HookFailed, UpstreamError
from gateway.hours import hooks
from gateway.hours.hooks import Action
from gateway.hours.timetable import Opening, Unreadable
from gateway.models import Call, Occupancy, ServerHours, Upstream, Usage

LONGEST_WAKE = timedelta(minutes=14)  # a little less than a call stands in line
HOOK_LOST = timedelta(seconds=3 * hooks.TIMEOUT)  # whoever began to call it is gone
PAUSE = timedelta(minutes=10)  # after a failure
IDLE_OUTSIDE = timedelta(minutes=15)
SHORTEST_IDLE = timedelta(minutes=2)  # between two calls of one piece of work
PROBE_SECONDS = 5.0
WAKES_KEPT = 5

State = ServerHours.State
Awaited = Callable[[Collection[int]], bool]  # whether somebody's work waits for one of these deployments
logger = logging.getLogger(__name__)


def tend_all(is_awaited: Awaited = lambda deployments: False) -> None:
    for pk in ServerHours.objects.filter(upstream__is_active=True).values_list("pk", flat=True):
        try:
            tend(pk, is_awaited)
        except Unreadable as error:  # it was checked when it was entered
            logger.warning("The hours of a server cannot be read: %s", error)


def tend(pk: int, is_awaited: Awaited = lambda deployments: False) -> None:
    """One step of one server."""
    with transaction.atomic():
        rows = ServerHours.objects.select_for_update(of=("self",), skip_locked=True).select_related("upstream")
        hours = rows.filter(pk=pk).first()
        if hours is None:
            return
        _decide(hours, timezone.now(), is_awaited)
        action = _claimed(hours, timezone.now())
    if action:
        _act(hours, action)
    elif hours.state == State.WAKING:
        _look(hours)


def _decide(hours: ServerHours, now: datetime, is_awaited: Awaited) -> None:
    opening = hours.timetable().opening(now)
    rested = hours.retry_at is None or hours.retry_at <= now
    match hours.state:
        case State.NEW:  # nobody knows how it is: either hook does no harm to a server that is there already
            _become(hours, State.WAKING if opening else State.STOPPING, now)
        case State.ASLEEP if opening and rested and not _sleeps_as_idle(hours, opening):
            _become(hours, State.WAKING, now)
        case State.WAKING if hours.since and now - hours.since > LONGEST_WAKE:
            minutes = int(LONGEST_WAKE.total_seconds() / 60)
            _fail(hours, State.ASLEEP, _("It did not answer within %(minutes)s minutes.") % {"minutes": minutes}, now)
        case State.AWAKE if rested and _may_stop(hours, opening is not None, now, is_awaited):
            _become(hours, State.STOPPING, now)


def _sleeps_as_idle(hours: ServerHours, opening: Opening) -> bool:
    """It was stopped within its hours, and waits for a call."""
    may = hours.idle_minutes is not None and hours.wakes_on_demand and not hours.problem
    return may and hours.since is not None and hours.since >= opening.start


def _may_stop(hours: ServerHours, is_open: bool, now: datetime, is_awaited: Awaited) -> bool:
    """Locks the books of its deployments: no call comes in between."""
    if is_open and (hours.idle_minutes is None or not hours.wakes_on_demand):
        return False
    deployments = list(hours.upstream.deployments.order_by("pk").values_list("pk", flat=True))
    was_woken = hours.demanded_at is not None and not is_open
    idle = timedelta(minutes=hours.idle_minutes) if hours.idle_minutes else IDLE_OUTSIDE
    idle = idle if is_open or was_woken else SHORTEST_IDLE
    if now - _last_used(hours, deployments) < idle or is_awaited(deployments):
        return False
    books = Occupancy.objects.select_for_update(no_key=True).filter(deployment__in=deployments)
    list(books.order_by("deployment_id"))
    under_way = Q(deployment__in=deployments) | Q(candidates__overlap=deployments)
    return not Call.objects.filter(under_way).exists()


def _last_used(hours: ServerHours, deployments: list[int]) -> datetime:
    ended = ExpressionWrapper(F("started_at") + F("duration_ms") * timedelta(milliseconds=1), DateTimeField())
    lately = Usage.objects.filter(deployment_id__in=deployments, started_at__gt=timezone.now() - timedelta(days=1))
    last = lately.aggregate(last=Max(ended))["last"]
    return max(moment for moment in (hours.since, hours.demanded_at, last, hours.upstream.created_at) if moment)


def _claimed(hours: ServerHours, now: datetime) -> Action | None:
    """The hook that is ours to call."""
    wanted = {State.WAKING: Action.START, State.STOPPING: Action.STOP}.get(State(hours.state))
    is_lost = hours.hooked_at is not None and not hours.is_hooked and now - hours.hooked_at > HOOK_LOST
    if wanted is None or not (hours.hooked_at is None or is_lost):
        return None
    hours.hooked_at = now
    _write(hours, "hooked_at")
    return wanted


def _act(hours: ServerHours, action: Action) -> None:
    try:
        hooks.call(hours, action)
    except HookFailed as error:
        logger.warning("The hook to %s upstream %s failed: %s", action, hours.upstream, error)
        outcome, problem = State.ASLEEP if action == Action.START else State.AWAKE, str(error)
        _concluded(hours, lambda mine, now: _fail(mine, outcome, problem, now))
        return
    if action == Action.STOP:
        _concluded(hours, lambda mine, now: _become(mine, State.ASLEEP, now))
    else:
        _concluded(hours, _note_hooked)


def _note_hooked(hours: ServerHours, now: datetime) -> None:
    hours.is_hooked = True
    _write(hours, "is_hooked")


def _look(hours: ServerHours) -> None:
    """Does it answer?"""
    if probing.run(_answers(hours.upstream)):
        _concluded(hours, _arrive)


async def _answers(upstream: Upstream) -> bool:
    async with probing.visit(upstream, PROBE_SECONDS) as visit:
        with contextlib.suppress(UpstreamError):
            await visit.models()
            return not await visit.is_loading()
    return False


def _arrive(hours: ServerHours, now: datetime) -> None:
    if hours.since:
        hours.wakes = [*hours.wakes, max(1, round((now - hours.since).total_seconds()))][-WAKES_KEPT:]
        _write(hours, "wakes")
    health.recover(hours.upstream_id)
    _become(hours, State.AWAKE, now)


@transaction.atomic
def _concluded(hours: ServerHours, change: Callable[[ServerHours, datetime], None]) -> None:
    """If it still is what it was when this began."""
    same = ServerHours.objects.select_for_update(of=("self",)).select_related("upstream")
    if mine := same.filter(pk=hours.pk, state=hours.state, hooked_at=hours.hooked_at).first():
        change(mine, timezone.now())


def _become(hours: ServerHours, state: ServerHours.State, now: datetime) -> None:
    hours.state, hours.since, hours.hooked_at, hours.is_hooked = state, now, None, False
    hours.problem, hours.retry_at = "", None
    if state == State.STOPPING:
        hours.demanded_at = None
    _write(hours, "state", "since", "hooked_at", "is_hooked", "problem", "retry_at", "demanded_at")
    books = Occupancy.objects.filter(deployment__upstream=hours.upstream_id)
    list(books.select_for_update(no_key=True, of=("self",)).order_by("deployment_id"))  # as the ledger locks them
    books.update(is_awake=state == State.AWAKE)


def _fail(hours: ServerHours, state: ServerHours.State, problem: str, now: datetime) -> None:
    _become(hours, state, now)
    hours.problem, hours.retry_at = problem[:200], now + PAUSE
    _write(hours, "problem", "retry_at")


def _write(hours: ServerHours, *names: str) -> None:
    hours.save(update_fields=names)
