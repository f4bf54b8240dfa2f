"""Counters that cannot be overdrawn: what may be needed is reserved first, what was needed is settled after.

Each change is one conditional UPDATE that also begins the counter anew when its period is over; the database's clock
decides when. Callers keep to the order of the ids, so that two calls never wait for each other.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import BigIntegerField, Case, DateTimeField, F, Func, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, Now
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import Membership
from gateway.callers import Caller
from gateway.exceptions import QuotaExceeded
from gateway.models import Deployment, Quota, Usage

UNKNOWN_OUTPUT = 256  # tokens held for an answer of a deployment that has not answered yet
RECENT_ANSWERS = 100


def applicable(caller: Caller, deployment: Deployment) -> QuerySet[Quota]:
    """All quotas that a call counts against, in id order."""
    subjects = Q(user=None, team=None, api_key=None, deployment=None)
    subjects |= Q(user=caller.user) | Q(deployment=deployment)
    subjects |= Q(team__in=Membership.objects.filter(user=caller.user).values("team"))
    if caller.api_key:
        subjects |= Q(api_key=caller.api_key)
    return Quota.objects.filter(subjects).order_by("id")


def usual_output(deployment: Deployment) -> int:
    """What nine of ten recent answers did not exceed."""
    recent = Usage.objects.filter(deployment=deployment, status=Usage.Status.DONE).order_by("-started_at")
    lengths = sorted(recent.values_list("output_tokens", flat=True)[:RECENT_ANSWERS])
    return lengths[(len(lengths) * 9 - 1) // 10] if lengths else UNKNOWN_OUTPUT


def _period() -> Func:
    return Func(F("period"), Now(), Value(settings.TIME_ZONE), function="date_trunc", output_field=DateTimeField())


def _used() -> Case:
    return Case(When(period_start__lt=_period(), then=Value(0)), default=F("used"), output_field=BigIntegerField())


def hold(quota: Quota, amount: int) -> None:
    """Reserve, or raise QuotaExceeded."""
    in_time: dict[str, Any] = {"used": _used(), "period_start": Greatest("period_start", _period())}
    fitting = Quota.objects.filter(pk=quota.pk, limit__gte=_used() + F("reserved") + amount)
    if not fitting.update(reserved=F("reserved") + amount, **in_time):
        raise exceeded(quota)


def settle(quota_id: int, *, held: int, actual: int) -> None:
    """Give back what was held and count what was needed, in the period that runs now."""
    Quota.objects.filter(pk=quota_id).update(
        used=_used() + actual,
        period_start=Greatest("period_start", _period()),
        reserved=F("reserved") - held,
    )


def begins_anew(period: str, now: datetime) -> datetime:
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE)).replace(second=0, microsecond=0)
    match Quota.Period(period):
        case Quota.Period.MINUTE:
            return local.astimezone(UTC) + timedelta(minutes=1)
        case Quota.Period.HOUR:
            return local.replace(minute=0).astimezone(UTC) + timedelta(hours=1)
        case Quota.Period.DAY:
            return local.replace(hour=0, minute=0) + timedelta(days=1)
        case Quota.Period.MONTH:
            first = local.replace(day=1, hour=0, minute=0)
            return (first + timedelta(days=31)).replace(day=1)


def used_now(quota: Quota) -> int:
    """The counter is begun anew by the first call of a period; until then it shows the one before."""
    return quota.used if begins_anew(quota.period, quota.period_start) > timezone.now() else 0


def exceeded(quota: Quota) -> QuotaExceeded:
    now = timezone.now()
    anew = begins_anew(quota.period, now)
    text = _("This would exceed a quota (%(quota)s). It begins anew on %(time)s.") % {
        "quota": quota,
        "time": formats.date_format(timezone.localtime(anew), "SHORT_DATETIME_FORMAT"),
    }
    return QuotaExceeded(text, retry_after=max(1, round((anew - now).total_seconds())))


def amounts(quotas: Iterable[Quota], tokens: int) -> list[tuple[Quota, int]]:
    return [(quota, 1 if quota.unit == Quota.Unit.REQUESTS else tokens) for quota in quotas]
