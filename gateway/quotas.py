"""What a call holds on the quotas that it counts against, and what is told of them. Counting is the ledger's."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from gateway.exceptions import QuotaExceeded, RateLimited
from gateway.fresh import Fresh
from gateway.metering import Estimate, cost_of
from gateway.models import Deployment, Quota, Usage

UNKNOWN_OUTPUT = 256  # tokens held for an answer of a deployment that has not answered yet
RECENT_ANSWERS = 100
Unit = Quota.Unit
Hold = tuple[int, int, int | None]  # quota, amount, and the deployment whose own quota it is


def applicable(quotas: Iterable[Quota], deployments: Iterable[Deployment]) -> list[Quota]:
    """In the order of their ids."""
    ids = {deployment.id for deployment in deployments}
    return [quota for quota in quotas if quota.deployment_id is None or quota.deployment_id in ids]


def holds(quotas: Iterable[Quota], able: Iterable[Deployment], estimate: Estimate, usual: "Usual") -> list[Hold]:
    """Of a call that any of these may answer."""
    output = usual.output_tokens if estimate.output_tokens is None else estimate.output_tokens
    output *= estimate.answers
    amounts = {
        Unit.REQUESTS: 1,
        Unit.PARALLEL: 1,
        Unit.TOKENS: estimate.input_tokens + output,
        Unit.COST: max(cost_of(deployment, estimate.input_tokens, output) for deployment in able),
        Unit.ENERGY: usual.energy,
    }
    return [(quota.id, amounts[Unit(quota.unit)], quota.deployment_id) for quota in quotas]


class Usual:
    """What nine of ten recent answers of a deployment did not exceed."""

    def __init__(self, answers: list[tuple[int, int | None]]) -> None:
        self.output_tokens = _ninth_decile([output for output, _ in answers], UNKNOWN_OUTPUT)
        self.energy = _ninth_decile([energy for _, energy in answers if energy is not None], 0)


def _ninth_decile(values: list[int], otherwise: int) -> int:
    return sorted(values)[(len(values) * 9 - 1) // 10] if values else otherwise


def _usual(deployment_id: int) -> Usual:
    recent = Usage.objects.filter(deployment_id=deployment_id, status=Usage.Status.DONE).order_by("-started_at")
    return Usual(list(recent.values_list("output_tokens", "energy")[:RECENT_ANSWERS]))


usual = Fresh(_usual)


def begins_anew(period: str, now: datetime) -> datetime | None:
    """None for a balance."""
    return _begins_anew(period, now.replace(second=0, microsecond=0), settings.TIME_ZONE)


@lru_cache(maxsize=64)
def _begins_anew(period: str, minute: datetime, zone: str) -> datetime | None:
    local = minute.astimezone(ZoneInfo(zone))
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
        case Quota.Period.TOTAL:
            return None


def used_now(quota: Quota) -> int:
    """The counter is begun anew by the first call of a period; until then it shows the one before."""
    now, anew = timezone.now(), begins_anew(quota.period, quota.period_start)
    is_of_now = anew is None or quota.period_start <= now < anew  # later where the clock was ahead for a while
    return quota.used if is_of_now else 0


def percent_used(quota: Quota) -> int:
    """With what calls under way hold; of calls at once there is nothing else."""
    taken = quota.reserved + (0 if quota.unit == Unit.PARALLEL else used_now(quota))
    return taken * 100 // quota.limit if quota.limit else 100


def exceeded(quota: Quota, left: int) -> QuotaExceeded:
    """What the caller is told of the quota that refused, of which so much is left."""
    error = _exceeded(quota, left)
    error.refused_by = quota, left
    return error


def _exceeded(quota: Quota, left: int) -> QuotaExceeded:
    if quota.unit == Unit.PARALLEL:
        text = _("More calls at once than allowed (%(quota)s).") % {"quota": quota}
        return RateLimited(text, retry_after=1)
    now = timezone.now()
    anew = begins_anew(quota.period, now)
    rest = " " + _("%(amount)s left.") % {"amount": quota.amount(left)} if left > 0 else ""
    if anew is None:
        return QuotaExceeded(_("This would exceed a balance (%(quota)s).") % {"quota": quota} + rest)
    text = _("This would exceed a quota (%(quota)s). It begins anew on %(time)s.") % {
        "quota": quota,
        "time": formats.date_format(timezone.localtime(anew), "SHORT_DATETIME_FORMAT"),
    }
    text += rest
    kind = RateLimited if quota.period == Quota.Period.MINUTE else QuotaExceeded
    return kind(text, retry_after=max(1, round((anew - now).total_seconds())))
