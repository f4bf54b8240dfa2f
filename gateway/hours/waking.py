"""For who needs a server that sleeps: what is to be expected, and waking it."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from gateway import catalogue
from gateway.callers import Caller, standing
from gateway.database import in_database
from gateway.exceptions import Asleep
from gateway.fresh import Fresh
from gateway.hours.timetable import Unreadable
from gateway.models import Deployment, ServerHours

UNKNOWN_WAKE = 180  # seconds, before one was seen
LOOK = 1.0  # seconds
State = ServerHours.State


@dataclass(frozen=True)
class Standing:
    """Of a server that is not awake; `takes` is how many seconds it usually takes to wake."""

    pk: int
    state: str
    since: datetime | None
    takes: int
    may_wake: bool
    opens_at: datetime | None
    rests_until: datetime | None  # after it could not be woken


@dataclass(frozen=True)
class Outlook:
    """`seconds` while one wakes; otherwise `until`, if that is known."""

    seconds: int | None = None
    until: datetime | None = None

    def __str__(self) -> str:
        if self.seconds is not None:
            minutes = max(1, math.ceil(self.seconds / 60))
            return _("The model is waking, about %(minutes)s min…") % {"minutes": minutes}
        if self.until is None:
            return _("The model is asleep.")
        local, today = timezone.localtime(self.until), timezone.localdate()
        shown = date_format(local, "TIME_FORMAT" if local.date() == today else "SHORT_DATETIME_FORMAT")
        return _("The model is asleep until %(time)s.") % {"time": shown}


def _load(_: None) -> dict[int, Standing]:
    """By upstream, those that are not awake."""
    now = timezone.now()
    rows = ServerHours.objects.exclude(state__in=[State.AWAKE, State.NEW]).filter(upstream__is_active=True)
    return {row.upstream_id: _standing(row, now) for row in rows}


def _standing(hours: ServerHours, now: datetime) -> Standing:
    try:
        table = hours.timetable()
        is_open, opens_at = table.opening(now) is not None, table.opens_at(now)
    except Unreadable:  # of a time zone that is no more; callers of other models must not suffer
        is_open, opens_at = False, None
    return Standing(
        pk=hours.pk,
        state=hours.state,
        since=hours.since,
        takes=round(median(hours.wakes)) if hours.wakes else UNKNOWN_WAKE,
        may_wake=hours.wakes_on_demand or is_open,
        opens_at=None if is_open else opens_at,
        rests_until=hours.retry_at,
    )


sleeping = Fresh(_load)


async def outlook(deployments: Iterable[Deployment], *, wakes: bool = True) -> Outlook | None:
    """None where one of them is awake. One that may be woken is woken; raises Asleep where that just failed."""
    known = await sleeping.get(None)
    found = [known.get(deployment.upstream_id) for deployment in deployments]
    asleep = [each for each in found if each is not None]
    if not asleep or len(asleep) < len(found):
        return None
    if waking := [each for each in asleep if each.state == State.WAKING]:
        return Outlook(seconds=min(map(_left, waking)))
    now = timezone.now()
    willing = [each for each in asleep if each.may_wake]
    if able := [each for each in willing if each.rests_until is None or each.rests_until <= now]:
        if wakes:
            await in_database(wake, able[0].pk)
        return Outlook(seconds=able[0].takes)
    if willing:
        again = min(each.rests_until for each in willing if each.rests_until)
        raise Asleep(_("The model server could not be started."), retry_after=_seconds(again))
    return Outlook(until=min((each.opens_at for each in asleep if each.opens_at), default=None))


def _seconds(until: datetime) -> int:
    return max(1, math.ceil((until - timezone.now()).total_seconds()))


def _left(waking: Standing) -> int:
    passed = (timezone.now() - waking.since).total_seconds() if waking.since else 0
    return max(10, round(waking.takes - passed))


def wake(pk: int) -> None:
    """However many callers come at once, one of them changes the row. One that is just being stopped is let be."""
    now = timezone.now()
    rested = Q(retry_at=None) | Q(retry_at__lte=now)
    ServerHours.objects.filter(rested, pk=pk, state=State.ASLEEP).update(
        state=State.WAKING, since=now, hooked_at=None, is_hooked=False, demanded_at=now, problem="", retry_at=None
    )


async def ready(deployments: Iterable[Deployment], *, wakes: bool) -> int | None:
    """Seconds until one of them is awake, None where one is; raises Asleep where none can be woken."""
    found = await outlook(deployments, wakes=wakes)
    if found is None:
        return None
    if found.seconds is None:
        raise Asleep(str(found), retry_after=_seconds(found.until) if found.until else None)
    return found.seconds


async def expected(caller: Caller, name: str) -> AsyncIterator[Outlook]:
    """What is to be expected, each second, as long as it takes until a chat model of that name is awake."""
    while True:
        offers = (await catalogue.current()).find(name, Deployment.Kind.CHAT, await standing(caller))
        able = [deployment for deployment in offers if caller.may_send_to(deployment.upstream)]
        found = await outlook(able) if able else None
        if found is None:
            return
        if found == Outlook():
            raise Asleep
        yield found
        await asyncio.sleep(LOOK)
