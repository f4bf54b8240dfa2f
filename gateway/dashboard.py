"""What the gateway tells on the panel's first page: use, money, energy, waiting and how the servers are.

Everything is out of the sums by day and hour, so that it costs the same after a day and after a year.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import roles
from accounts.charts import Bars, Columns, Facts, Figure, Level, Part, State, States
from accounts.models import User
from accounts.roles import May
from gateway import amounts, reports, states
from gateway.models import Call, Upstream

DAYS, HOURS = 30, 24
MOST = 8  # bars; what is left is one more
Rows = list[dict[str, Any]]


def parts(user: User) -> list[Part]:
    """Which team used how much is for those alone who may see who used how much."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    days = [_days_before(today, number) for number in reversed(range(DAYS))]
    rows = reports.by_day_and_model(days[0])
    found: list[Part] = [_now(), _sums(rows), _by_day(rows, days), _by_model(rows)]
    if roles.may(user, May.SEE_USAGE):
        found.append(_by_team(reports.by_team(days[0])))
    return [*found, _waiting(), _servers()]


def _days_before(today: datetime, number: int) -> datetime:
    """Midnight, whatever the clocks were set to meanwhile."""
    return timezone.make_aware(today.replace(tzinfo=None) - timedelta(days=number))


def _now() -> Facts:
    running = Call.objects.filter(lease_until__gt=timezone.now())
    counted = running.aggregate(at_work=Count("pk", ~Q(admitted_at=None)), in_line=Count("pk", Q(admitted_at=None)))
    facts = [(_("calls under way"), counted["at_work"]), (_("calls in line"), counted["in_line"])]
    return Facts(_("At this moment"), [(name, amounts.number(number)) for name, number in facts])


def _sums(rows: Rows) -> Facts:
    sums = {name: sum(row[name] for row in rows) for name in ("calls", "failed", "tokens", "cost", "energy")}
    energy = amounts.energy(sums["energy"]) if sums["energy"] else _("not reckoned")
    return Facts(
        _("Last 30 days"),
        [
            (_("calls"), amounts.number(sums["calls"])),
            (_("of them failed"), amounts.number(sums["failed"])),
            (_("tokens"), amounts.number(sums["tokens"])),
            (_("money"), amounts.money(round(sums["cost"], -4) or sums["cost"])),
            (_("energy"), energy),
        ],
    )


def _by_day(rows: Rows, days: list[datetime]) -> Columns:
    tokens = _summed(rows, lambda row: timezone.localtime(row["start"]).date())
    figures = [
        Figure(date_format(day, "SHORT_DATE_FORMAT"), tokens[day.date()], _tokens(tokens[day.date()])) for day in days
    ]
    most = max(figures, key=lambda figure: figure.value)
    text = _("Most on %(day)s: %(tokens)s.") % {"day": most.label, "tokens": most.text}
    return Columns(_("Use by day"), figures, text if most.value else _("No calls in the last 30 days."))


def _by_model(rows: Rows) -> Bars:
    return Bars(_("Use by model"), _largest(_summed(rows, lambda row: row["model"])), _("model"))


def _by_team(rows: Rows) -> Bars:
    remark = _("By who is in a team today; who is in two teams counts in both.")
    found = _summed(rows, lambda row: row["team"] or _("in no team"))
    return Bars(_("Use by team"), _largest(found), _("team"), remark)


def _summed(rows: Rows, by: Any) -> "Counter[Any]":
    tokens: Counter[Any] = Counter()
    for row in rows:
        tokens[by(row)] += row["tokens"]
    return tokens


def _largest(tokens: "Counter[str]") -> list[Figure]:
    ordered = tokens.most_common()
    rest = sum(number for _name, number in ordered[MOST:])
    shown = [*ordered[:MOST], *([(_("all others"), rest)] if rest else [])]
    return [Figure(name, number, _tokens(number)) for name, number in shown]


def _tokens(number: int) -> str:
    return str(_("%(number)s tokens") % {"number": amounts.number(number)})


def _waiting() -> Columns:
    """How long a call stood in line, on average of each hour."""
    this_hour = timezone.localtime().replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    hours = [this_hour - timedelta(hours=number) for number in reversed(range(HOURS))]
    average = {row["start"]: row["queued_ms"] // max(1, row["calls"]) for row in reports.by_hour(hours[0])}
    figures = [_waited(hour, average.get(hour, 0)) for hour in hours]
    longest = max(figures, key=lambda figure: figure.value)
    text = _("Longest from %(time)s on: %(waited)s on average.") % {"time": longest.label, "waited": longest.text}
    otherwise = _("Nobody waited in the last 24 hours.")
    return Columns(_("Waiting in line, by hour"), figures, text if longest.value else otherwise)


def _waited(hour: datetime, milliseconds: int) -> Figure:
    label = date_format(timezone.localtime(hour), "TIME_FORMAT")
    return Figure(label, milliseconds, f"{amounts.number(Decimal(milliseconds) / 1000, 1)} s")


def _servers() -> States:
    return States(_("Model servers"), list(_told(Upstream.objects.order_by("name"))), _("None is connected yet."))


def _told(upstreams: Iterable[Upstream]) -> Iterable[State]:
    for upstream in upstreams:
        unsure = not upstream.is_active or not upstream.probed_at
        level = Level.ILL if states.is_ill(upstream) else Level.WARNED if unsure else Level.WELL
        page = reverse("admin:gateway_upstream_change", args=[upstream.pk])
        yield State(upstream.name, states.told(upstream), level, page)
