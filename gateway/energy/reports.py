"""What a month came to: by server, by team, and against the price of an API. No figure of a person."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Q, Sum
from django.utils.translation import gettext

from accounts import council
from gateway import pseudonyms
from gateway.models import EnergyHour, EnergyRules, Method, PowerMeter, UsageTotal

JOULES_PER_MILLIWATT_HOUR = Decimal("3.6")
MILLIWATT_HOURS_PER_KWH = 1_000_000
# who is in several teams counts in each with an equal part, so that the teams add up to the house
OF_TEAMS = """
    WITH calls AS (
        SELECT u.user_id, u.deployment_id, count(*) AS calls, sum(u.input_tokens) AS input_tokens,
               sum(u.output_tokens) AS output_tokens, sum(u.cost) AS cost, sum(c.energy) AS measured,
               sum(u.energy) FILTER (WHERE c.energy IS NULL) AS stated,
               count(*) FILTER (WHERE coalesce(c.energy, u.energy) IS NULL) AS unknown
        FROM gateway_usage u
        LEFT JOIN gateway_callenergy c ON c.id = u.id AND c.started_at = u.started_at AND c.is_final
        WHERE u.started_at >= %(start)s AND u.started_at < %(end)s GROUP BY u.user_id, u.deployment_id
    ), memberships AS (
        SELECT user_id, team_id, 1.0 / count(*) OVER (PARTITION BY user_id) AS part FROM accounts_membership
    )
    SELECT CASE WHEN coalesce(t.id, 0) = ANY (%(folded)s) THEN %(others)s ELSE t.name END AS shown, d.upstream_id,
           sum(calls * p.part), sum(input_tokens * p.part), sum(output_tokens * p.part),
           sum(cost * p.part), coalesce(sum(measured * p.part), 0), coalesce(sum(stated * p.part), 0),
           sum(unknown * p.part),
           coalesce(sum((input_tokens * d.api_input_price + output_tokens * d.api_output_price) * p.part), 0),
           coalesce(sum((input_tokens + output_tokens) * p.part)
                    FILTER (WHERE d.api_input_price IS NULL OR d.api_output_price IS NULL), 0)
    FROM calls LEFT JOIN memberships m USING (user_id) CROSS JOIN LATERAL (SELECT coalesce(m.part, 1) AS part) p
    LEFT JOIN accounts_team t ON t.id = m.team_id LEFT JOIN gateway_deployment d ON d.id = calls.deployment_id
    GROUP BY shown, d.upstream_id ORDER BY shown NULLS LAST"""


@dataclass
class Figures:
    """Energy in milliwatt hours, CO₂ in grams, money in millionths; what nobody knows is None."""

    name: str
    calls: Decimal = Decimal(0)
    input_tokens: Decimal = Decimal(0)
    output_tokens: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    api_cost: Decimal = Decimal(0)
    unpriced_tokens: Decimal = Decimal(0)  # of models without a price at an API
    unknown_calls: Decimal = Decimal(0)  # without energy
    energy: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    idle: Decimal = Decimal(0)
    grams: Decimal | None = Decimal(0)
    hours: Decimal = Decimal(0)
    busy_hours: Decimal = Decimal(0)
    power_cost: Decimal | None = None
    hosting_cost: Decimal | None = None

    @property
    def consumed(self) -> Decimal:
        return sum(self.energy.values(), Decimal(0))

    @property
    def idle_share(self) -> Decimal | None:
        return self.idle / self.consumed if self.consumed else None

    def emit(self, energy: Decimal, grid_grams: Decimal | None) -> None:
        if energy and (grid_grams is None or self.grams is None):
            self.grams = None
        elif self.grams is not None and grid_grams is not None:
            self.grams += energy / MILLIWATT_HOURS_PER_KWH * grid_grams


@dataclass(frozen=True)
class Answered:
    """By all models together, out of the sums by day: they stay when the calls themselves are kept no longer."""

    calls: int
    tokens: int
    unpriced_tokens: int  # of models without a price at an API
    api_cost: Decimal


@dataclass
class Month:
    start: datetime
    servers: list[Figures]
    teams: list[Figures]  # out of the calls: the sums do not tell what was measured
    answered: Answered
    named_since: datetime | None  # before that nobody knows any more who called

    @property
    def calls_let_go(self) -> int:
        """Which are in no team's figures any more."""
        return max(0, self.answered.calls - round(sum(team.calls for team in self.teams)))


class Prices:
    """Of power and of servers, as they stand now."""

    def __init__(self) -> None:
        self.rules = EnergyRules.objects.first() or EnergyRules()
        self.meters = {meter.upstream_id: meter for meter in PowerMeter.objects.all()}

    def grid_grams(self, upstream_id: int | None) -> Decimal | None:
        meter = self.meters.get(upstream_id or 0)
        return self.rules.grid_grams if meter is None or meter.grid_grams is None else meter.grid_grams

    def put_on(self, server: Figures, upstream_id: int) -> None:
        """What an hour costs includes its power; otherwise power is paid for beside."""
        meter = self.meters.get(upstream_id)
        if meter and (meter.hour_price is not None or meter.month_price is not None):
            by_hour = (meter.hour_price or Decimal(0)) * server.hours
            server.hosting_cost = (by_hour + (meter.month_price or Decimal(0))) * 1_000_000
        if self.rules.kwh_price is not None and not (meter and meter.hour_price is not None):
            server.power_cost = server.consumed * self.rules.kwh_price  # 10^-6 kWh and 10^6 millionths


def month(start: datetime, end: datetime) -> Month:
    prices = Prices()
    in_all = answered(start, end)  # first: what ends meanwhile is not taken for a call that was let go
    return Month(start, servers(start, end, prices), teams(start, end, prices), in_all, pseudonyms.named_since())


def answered(start: datetime, end: datetime) -> Answered:
    days = UsageTotal.objects.filter(span=UsageTotal.Span.DAY, start__gte=start, start__lt=end)
    tokens = F("input_tokens") + F("output_tokens")
    reading, writing = "deployment__api_input_price", "deployment__api_output_price"
    is_unpriced = Q(**{f"{reading}__isnull": True}) | Q(**{f"{writing}__isnull": True})
    found = days.aggregate(
        all_calls=Sum("calls", default=0),
        tokens=Sum(tokens, default=0),
        unpriced=Sum(tokens, filter=is_unpriced, default=0),
        cost=Sum(F("input_tokens") * F(reading) + F("output_tokens") * F(writing), default=Decimal(0)),
    )
    return Answered(found["all_calls"], found["tokens"], found["unpriced"], found["cost"])


def servers(start: datetime, end: datetime, prices: Prices) -> list[Figures]:
    found: dict[int, Figures] = {}
    rows = EnergyHour.objects.filter(start__gte=start, start__lt=end).order_by("upstream_name")
    for row in rows.values("upstream_id", "upstream_name", "method").annotate(
        all_joules=Sum("joules"), idle=Sum("idle_joules"), on=Sum("seconds"), busy=Sum("busy_seconds")
    ):
        server = found.setdefault(row["upstream_id"], Figures(row["upstream_name"]))
        energy = Decimal(row["all_joules"]) / JOULES_PER_MILLIWATT_HOUR
        if row["method"] != Method.NONE:
            server.energy[row["method"]] += energy
        server.idle += Decimal(row["idle"]) / JOULES_PER_MILLIWATT_HOUR
        server.hours += Decimal(row["on"]) / 3600
        server.busy_hours += Decimal(row["busy"]) / 3600
        server.emit(energy, prices.grid_grams(row["upstream_id"]))
    for upstream_id, server in found.items():
        prices.put_on(server, upstream_id)
    return list(found.values())


def teams(start: datetime, end: datetime, prices: Prices) -> list[Figures]:
    """By the teams that people are in today; last, with an empty name, who is in none. In works-council mode small ones
    are shown together; what else tells usage by team (`gateway.reports`, `gateway.rest.usage`) is for nobody then."""
    found: dict[str, Figures] = {}
    with connection.cursor() as cursor:
        small: dict[str, Any] = {"folded": sorted(council.shown_as_others()), "others": gettext("others")}
        cursor.execute(OF_TEAMS, {"start": start, "end": end, **small})
        for name, upstream_id, *amounts in cursor.fetchall():
            _add(found.setdefault(name or "", Figures(name or "")), upstream_id, amounts, prices)
    return list(found.values())


def _add(team: Figures, upstream_id: int | None, amounts: list[Any], prices: Prices) -> None:
    calls, input_tokens, output_tokens, cost, measured, stated, unknown, api_cost, unpriced = map(Decimal, amounts)
    team.calls += calls
    team.input_tokens += input_tokens
    team.output_tokens += output_tokens
    team.cost += cost
    team.energy[Method.MEASURED] += measured
    team.energy[Method.STATED] += stated
    team.unknown_calls += unknown
    team.api_cost += api_cost
    team.unpriced_tokens += unpriced
    team.emit(measured + stated, prices.grid_grams(upstream_id))


@dataclass(frozen=True)
class Comparison:
    """Of a month's own servers with an API that had answered the same; money in millionths."""

    own: Decimal
    api: Decimal
    tokens: Decimal  # that have a price at an API
    unpriced_tokens: Decimal

    @property
    def tokens_to_break_even(self) -> Decimal | None:
        """At this month's mix of models, and of tokens in and out."""
        return self.own * self.tokens / self.api if self.api else None


def compared(found: Month) -> Comparison | None:
    """None while nobody stated what the servers cost."""
    costs = [cost for server in found.servers for cost in (server.hosting_cost, server.power_cost) if cost is not None]
    if not costs:
        return None
    in_all = found.answered
    unpriced = Decimal(in_all.unpriced_tokens)
    return Comparison(sum(costs, Decimal(0)), in_all.api_cost, in_all.tokens - unpriced, unpriced)
