"""What a person used, as their own page shows it: by day and model in a month, by month, and what is left of quotas."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import User
from gateway import amounts, callers, quotas
from gateway.callers import Caller
from gateway.keys import offered_to
from gateway.models import Deployment, Quota, UsageTotal

MOST_MONTHS = 24
SERIES = 4  # models that have a colour of their own in the picture; the others share one
HEIGHT, WIDTH = 100, 10  # of the picture, and of a day in it
BAR = 7


@dataclass
class Sums:
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    energy: int = 0
    cost: int = 0  # at an API, as far as there are prices
    unpriced: int = 0  # tokens of models that have none

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def add(self, row: Mapping[str, Any], deployment: Deployment | None) -> None:
        self.calls += row["calls"]
        self.input_tokens += row["input_tokens"]
        self.output_tokens += row["output_tokens"]
        self.energy += row["energy"]
        cost = at_an_api(deployment, row["input_tokens"], row["output_tokens"]) if deployment else 0
        self.cost += cost
        self.unpriced += 0 if cost else row["input_tokens"] + row["output_tokens"]

    @property
    def shown_energy(self) -> str:
        return amounts.energy(self.energy) if self.energy else _("not stated")

    @property
    def shown_cost(self) -> str:
        return amounts.money(self.cost)


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    height: float
    series: int


@dataclass
class Month:
    first: date
    total: Sums = field(default_factory=Sums)
    by_model: dict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))
    by_day: dict[date, Sums] = field(default_factory=lambda: defaultdict(Sums))
    tokens: dict[date, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    @property
    def days(self) -> list[date]:
        number = (following(self.first) - self.first).days
        return [self.first + timedelta(days=day) for day in range(number)]

    @property
    def models(self) -> list[tuple[str, Sums, int]]:
        """The one used most first, each with its colour."""
        ordered = sorted(self.by_model.items(), key=lambda each: (-each[1].tokens, each[0]))
        return [(name, sums, min(place, SERIES)) for place, (name, sums) in enumerate(ordered)]

    @property
    def used_days(self) -> list[tuple[date, Sums]]:
        return sorted(self.by_day.items())

    @property
    def busiest(self) -> tuple[date, Sums]:
        return max(self.by_day.items(), key=lambda each: each[1].tokens)

    @property
    def width(self) -> int:
        return WIDTH * len(self.days)

    @property
    def rects(self) -> list[Rect]:
        """The picture: a bar for each day, the models one above the other."""
        most = max((sums.tokens for sums in self.by_day.values()), default=0)
        return [rect for place, day in enumerate(self.days) for rect in self._bar(place, day, most)] if most else []

    def _bar(self, place: int, day: date, most: int) -> Iterable[Rect]:
        top = float(HEIGHT)
        for name, _sums, series in self.models if day in self.tokens else ():
            height = round(HEIGHT * self.tokens[day].get(name, 0) / most, 2)
            if height:
                top -= height
                yield Rect(place * WIDTH + (WIDTH - BAR) / 2, round(top, 2), height, series)


@dataclass(frozen=True)
class Balance:
    """A quota that holds for the person."""

    text: str
    left: str
    percent: int  # used
    is_low: bool


def at_an_api(deployment: Deployment, input_tokens: int, output_tokens: int) -> int:
    """By what an API asks for such a model, in millionths of the currency; 0 where no admin has said."""
    reading, writing = deployment.api_input_price, deployment.api_output_price
    return 0 if reading is None or writing is None else math.ceil(input_tokens * reading + output_tokens * writing)


def following(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def months(user: User) -> list[tuple[date, int, int]]:
    """Those in which anything was used, the newest first, with calls and tokens."""
    by_month = _of(user).annotate(month=TruncMonth("start")).values("month").order_by("-month")
    found = by_month.annotate(all_calls=Sum("calls"), tokens=Sum("input_tokens") + Sum("output_tokens"))
    return [(_local(row["month"]), row["all_calls"], row["tokens"]) for row in found[:MOST_MONTHS]]


def month(user: User, first: date) -> Month:
    begin, end = (_midnight(day) for day in (first, following(first)))
    rows = _of(user).filter(start__gte=begin, start__lt=end)
    prices = Deployment.objects.in_bulk([pk for pk in rows.values_list("deployment", flat=True).distinct() if pk])
    found = Month(first)
    for row in rows.values("start", "model", "deployment", "calls", "input_tokens", "output_tokens", "energy"):
        day, name = _local(row["start"]), row["model"] or _("none")
        for sums in (found.total, found.by_model[name], found.by_day[day]):
            sums.add(row, prices.get(row["deployment"]))
        found.tokens[day][name] += row["input_tokens"] + row["output_tokens"]
    return found


def _of(user: User) -> QuerySet[UsageTotal]:
    return UsageTotal.objects.filter(span=UsageTotal.Span.DAY, user=user).order_by()


def _local(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))


def balances(user: User) -> list[Balance]:
    """Of all quotas that a call of theirs may count against, those of their keys included."""
    known = callers.standings.load(Caller(user).identity)
    theirs = quotas.applicable(known.quotas, offered_to(user)) if known else []
    of_keys = Quota.objects.filter(api_key__user=user, api_key__revoked_at=None).select_related("api_key")
    return [_balance(quota) for quota in [*theirs, *of_keys]]


def _balance(quota: Quota) -> Balance:
    percent = min(quotas.percent_used(quota), 100)
    return Balance(str(quota), _left(quota), percent, percent >= quota.warn_at)


def _left(quota: Quota) -> str:
    if quota.unit == Quota.Unit.PARALLEL:
        return _("%(n)s under way now") % {"n": amounts.number(quota.reserved)}
    left = quota.amount(max(quota.limit - quotas.used_now(quota) - quota.reserved, 0))
    anew = quotas.begins_anew(quota.period, timezone.now())
    if anew is None:
        return _("%(left)s left; it does not begin anew") % {"left": left}
    time = formats.date_format(timezone.localtime(anew), "SHORT_DATETIME_FORMAT")
    return _("%(left)s left; it begins anew on %(time)s") % {"left": left, "time": time}


def chosen(wanted: str, known: Sequence[date]) -> date:
    """The month asked for, if there is anything of it; else this one."""
    this = timezone.localdate().replace(day=1)
    return next((first for first in (*known, this) if first.strftime("%Y-%m") == wanted), this)
