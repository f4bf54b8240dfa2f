"""What the ledger says: sums over its rows, and whether the sums it keeps beside them agree."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, QuerySet, Sum

from gateway import pseudonyms, retention
from gateway.models import Usage, UsageTotal

SUMMED = ["input_tokens", "output_tokens", "cost", "energy", "queued_ms"]
# one statement, hence one moment; a group is nothing but zeros where both say the same
DISAGREEING = """
    SELECT span, start, model, sum(calls) FROM (
        SELECT span, date_trunc(span, started_at, %(zone)s) AS start, user_id, api_key_id, deployment_id, purpose,
               model, 1 AS calls, (status = 'failed')::int AS failed, input_tokens, output_tokens, cost,
               coalesce(energy, 0) AS energy, queued_ms, duration_ms
        FROM gateway_usage, unnest(ARRAY['hour', 'day']) AS span
        WHERE started_at >= %(since)s AND date_trunc(span, started_at, %(zone)s) >= %(since)s
        UNION ALL
        SELECT span, start, user_id, api_key_id, deployment_id, purpose, model, -calls, -failed, -input_tokens,
               -output_tokens, -cost, -energy, -queued_ms, -duration_ms
        FROM gateway_usagetotal WHERE start >= %(since)s
    ) AS both_sides
    GROUP BY span, start, user_id, api_key_id, deployment_id, purpose, model
    HAVING (sum(calls), sum(failed), sum(input_tokens), sum(output_tokens), sum(cost), sum(energy), sum(queued_ms),
            sum(duration_ms)) <> (0, 0, 0, 0, 0, 0, 0, 0)
    ORDER BY start, span"""


@dataclass(frozen=True)
class Disagreement:
    """`calls`: how many more the rows have than the sum; 0 where it is another figure that differs."""

    span: str
    start: datetime
    model: str
    calls: int


def disagreements(since: datetime) -> list[Disagreement]:
    """Of the hours and days that begin then or later, as far back as everything is kept."""
    bounds = [since, retention.kept_since(), pseudonyms.named_since()]
    with connection.cursor() as cursor:
        moment = max(bound for bound in bounds if bound)
        cursor.execute(DISAGREEING, {"zone": settings.TIME_ZONE, "since": moment})
        return [Disagreement(*row) for row in cursor.fetchall()]


def sums(usage: QuerySet[Usage]) -> dict[str, Any]:
    found = usage.order_by().aggregate(calls=Count("pk"), **{name: Sum(name) for name in SUMMED})
    return {name: value or 0 for name, value in found.items()}


def by_day_and_model(since: datetime) -> list[dict[str, Any]]:
    return list(_totals(UsageTotal.Span.DAY, since, "start", "model"))


def by_team(since: datetime) -> list[dict[str, Any]]:
    """By today's members: who is in two teams counts in both, who is in none under None."""
    return list(_totals(UsageTotal.Span.DAY, since, team=F("user__teams__name")).order_by("-tokens"))


def by_hour(since: datetime) -> list[dict[str, Any]]:
    return list(_totals(UsageTotal.Span.HOUR, since, "start"))


def _totals(span: str, since: datetime, *by: str, **also: F) -> Any:
    kept = UsageTotal.objects.filter(span=span, start__gte=since).order_by()
    sums = {name: Sum(name) for name in ("calls", "failed", "cost", "energy", "queued_ms")}
    return kept.values(*by, **also).annotate(tokens=Sum(F("input_tokens") + F("output_tokens")), **sums)
