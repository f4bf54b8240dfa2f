"""What was used: sums of the ledger, one's own for everyone, the house's for who may see them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.conf import settings
from django.db.models import F, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import BaseModel, Field

from accounts.exceptions import Invalid
from accounts.models import Membership
from accounts.rest.operations import Operations
from accounts.rest.shapes import Id, Number, When
from accounts.roles import May
from accounts.signing_in import person
from gateway.amounts import MILLIONTHS, MILLIWATT_HOURS
from gateway.models import Scope, UsageTotal
from gateway.rest.shapes import UsageReport, UsageRow

SUMMED = ("calls", "failed", "input_tokens", "output_tokens", "cost", "energy")
GROUPS = {"model": "model", "purpose": "purpose", "user": "user_id", "team": "user__teams__name"}
USUAL = timedelta(days=30)
LAST = timedelta(seconds=1)  # who asks until 23:59:59 means the whole day
LONGEST = {"hour": timedelta(days=31), "day": timedelta(days=366), "all": timedelta(days=3653)}


class Range(BaseModel):
    since: When | None = Field(None, description="A month ago, unless named. Its day, or hour, is counted.")
    until: When | None = Field(None, description="Now, unless named. Its day, or hour, is counted while it lasts.")
    span: Literal["all", "day", "hour"] = "all"


class OwnRange(Range):
    group: Literal["none", "model", "purpose"] = "none"


class WholeRange(Range):
    group: Literal["none", "model", "purpose", "user", "team"] = "none"
    user: Id | None = None
    team: Number | None = None


operations = Operations("usage", read=Scope.USAGE, write=Scope.USAGE)
admins = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.SEE_USAGE)
operations.add_router("", admins)


@operations.get("usage", response=UsageReport)
def own_usage(request: HttpRequest, asked: Annotated[OwnRange, Query()]) -> UsageReport:
    """What the caller used, by whichever key or page."""
    return report(UsageTotal.objects.filter(user=person(request)), asked, asked.group)


@admins.get("admin/usage", response=UsageReport)
def all_usage(request: HttpRequest, asked: Annotated[WholeRange, Query()]) -> UsageReport:
    """What was used in all, by a person, or by those who are in a team now."""
    rows = UsageTotal.objects.all()
    if asked.user:
        rows = rows.filter(user=asked.user)
    if asked.team:
        rows = rows.filter(user__in=Membership.objects.filter(team=asked.team).values("user"))
    return report(rows, asked, asked.group)


def report(rows: QuerySet[UsageTotal], asked: Range, group: str) -> UsageReport:
    until = asked.until or timezone.now()
    since = asked.since or until - USUAL
    if not timedelta(0) <= until - since <= LONGEST[asked.span]:
        raise Invalid([("since", _("This is too long a time, or it ends before it begins."))])
    kept = UsageTotal.Span.HOUR if asked.span == "hour" else UsageTotal.Span.DAY
    since, until = _whole(since, until, kept)
    chosen = rows.filter(span=kept, start__gte=since, start__lt=until).order_by()
    names = [*(["start"] if asked.span != "all" else []), *(["group"] if group in GROUPS else [])]
    if group in GROUPS:
        chosen = chosen.annotate(group=F(GROUPS[group]))
    sums = {f"sum_{name}": Sum(name) for name in SUMMED}
    found = chosen.values(*names).annotate(**sums).order_by(*names) if names else [chosen.aggregate(**sums)]
    shown = [_row(each) for each in found]
    return UsageReport(since=since, until=until, currency=settings.CURRENCY, rows=shown)


def _whole(since: datetime, until: datetime, span: str) -> tuple[datetime, datetime]:
    """Of days or hours, so that times that meet add up: the one in which `until` lies is counted with what comes after
    it, unless it still lasts or is the only one."""
    begin, end = _begin(since, span), _begin(until + LAST, span)
    if end <= begin or end <= timezone.now() < _next(end, span):
        end = _next(end, span)
    return begin.astimezone(UTC), end.astimezone(UTC)


def _begin(moment: datetime, span: str) -> datetime:
    """Hours are told apart in UTC, where the clocks repeat none; days are as long as the clocks make them."""
    hour = timezone.localtime(moment).replace(minute=0, second=0, microsecond=0)
    return hour.astimezone(UTC) if span == UsageTotal.Span.HOUR else hour.replace(hour=0)


def _next(begin: datetime, span: str) -> datetime:
    return begin + (timedelta(hours=1) if span == UsageTotal.Span.HOUR else timedelta(days=1))


def _row(row: dict[str, Any]) -> UsageRow:
    sums = {name: row[f"sum_{name}"] or 0 for name in SUMMED}
    return UsageRow(
        start=row.get("start"),
        group=str(row["group"]) if row.get("group") is not None else None,
        cost=Decimal(sums.pop("cost")) / MILLIONTHS,
        energy_wh=Decimal(sums.pop("energy")) / MILLIWATT_HOURS,
        **sums,
    )
