"""Writing down what a window came to: for the hour, for each call, and in the end on the quotas in energy.

A call's row in the ledger tells what was stated when it ended, and stays as it is. What was measured stands beside it
(`CallEnergy`) and becomes final once the meter was read after the call's end; then the quotas get the difference.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from gateway.energy.sharing import Shares, Span
from gateway.energy.windows import Window
from gateway.models import CallEnergy, Method, Upstream

COVERED = 0.95  # of a call has to be seen by the meter
SLACK = 0.05  # seconds; clocks and roundings
# of one snapshot: a call is in the line or in the ledger, never in both or in none
ANSWERED = """
    SELECT id, started_at, extract(epoch FROM started_at) + queued_ms / 1000.0,
           extract(epoch FROM started_at) + duration_ms / 1000.0
    FROM gateway_usage
    WHERE deployment_id = ANY (%(deployments)s) AND started_at < to_timestamp(%(end)s)
      AND started_at > to_timestamp(%(start)s) - interval '1 day' AND queued_ms < duration_ms
      AND extract(epoch FROM started_at) + duration_ms / 1000.0 > %(start)s
    UNION ALL
    SELECT id, started_at, extract(epoch FROM admitted_at), 'infinity'
    FROM gateway_call WHERE admitted_at IS NOT NULL AND deployment_id = ANY (%(deployments)s)"""
ADD_TO_HOUR = """
    INSERT INTO gateway_energyhour AS h
        (start, upstream_id, upstream_name, method, joules, idle_joules, seconds, busy_seconds)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (start, upstream_id, method) DO UPDATE SET
        upstream_name = excluded.upstream_name, joules = h.joules + excluded.joules,
        idle_joules = h.idle_joules + excluded.idle_joules, seconds = h.seconds + excluded.seconds,
        busy_seconds = h.busy_seconds + excluded.busy_seconds"""
ADD_TO_CALL = """
    INSERT INTO gateway_callenergy AS c (id, started_at, joules, seconds, is_shared, is_final)
    VALUES (%s, %s, %s, %s, %s, false)
    ON CONFLICT (id) DO UPDATE SET joules = c.joules + excluded.joules, seconds = c.seconds + excluded.seconds,
        is_shared = c.is_shared OR excluded.is_shared
    WHERE NOT c.is_final"""
# the locks in the order of the ledger (sql/ledger.sql), so that they do not wait for one another
LOCK_QUOTAS = "SELECT id FROM gateway_quota WHERE unit = 'energy' ORDER BY id FOR NO KEY UPDATE"
# a quota counts what ended in the period that it counts now; of an older one it knows nothing any more
MAKE_FINAL = """
    WITH ended AS (
        SELECT c.id, u.user_id, u.api_key_id, u.deployment_id, u.energy AS stated,
               u.started_at + u.duration_ms * interval '1 millisecond' AS at,
               CASE WHEN c.seconds + %(slack)s >= (u.duration_ms - u.queued_ms) / 1000.0 * %(covered)s
                    THEN round(c.joules / 3.6)::bigint END AS measured
        FROM gateway_callenergy c JOIN gateway_usage u ON u.id = c.id AND u.started_at = c.started_at
        WHERE NOT c.is_final AND u.deployment_id = ANY (%(deployments)s)
          AND u.started_at + u.duration_ms * interval '1 millisecond' <= to_timestamp(%(end)s)
    ), made_final AS (
        UPDATE gateway_callenergy c SET is_final = true, energy = measured FROM ended WHERE c.id = ended.id
        RETURNING ended.*
    ), more AS (
        SELECT q.id, sum(measured - coalesce(stated, 0)) AS energy
        FROM made_final m JOIN gateway_quota q ON q.unit = 'energy' AND q.period_start <= m.at AND (
            q.user_id = m.user_id OR q.api_key_id = m.api_key_id OR q.deployment_id = m.deployment_id
            OR q.team_id IN (SELECT team_id FROM accounts_membership WHERE user_id = m.user_id)
            OR coalesce(q.user_id::text, q.team_id::text, q.api_key_id::text, q.deployment_id::text) IS NULL)
        WHERE measured IS NOT NULL GROUP BY q.id
    )
    UPDATE gateway_quota q SET used = greatest(q.used + more.energy, 0) FROM more WHERE q.id = more.id"""


def answered(upstream: Upstream, window: Window) -> dict[Span, datetime]:
    """The calls that it answered at some time of the window, with when they came."""
    asked: dict[str, Any] = {"deployments": _deployments(upstream), "start": window.start, "end": window.end}
    with connection.cursor() as cursor:
        cursor.execute(ANSWERED, asked)
        return {Span(call, float(start), float(end)): came for call, came, start, end in cursor.fetchall()}


def book(upstream: Upstream, window: Window, method: Method, shares: Shares, spans: dict[Span, datetime]) -> None:
    hour = datetime.fromtimestamp(window.start, UTC).replace(minute=0, second=0, microsecond=0)
    sums = [window.joules, shares.idle_joules, window.seconds, shares.busy_seconds]
    with connection.cursor() as cursor:
        cursor.execute(ADD_TO_HOUR, [hour, upstream.pk, upstream.name, method, *sums])
        if method == Method.MEASURED:
            cursor.executemany(ADD_TO_CALL, list(_rows(shares, spans)))
            cursor.execute(LOCK_QUOTAS)
            rules = {"slack": SLACK, "covered": COVERED, "end": window.end}
            cursor.execute(MAKE_FINAL, rules | {"deployments": _deployments(upstream)})


def _rows(shares: Shares, spans: dict[Span, datetime]) -> Iterator[tuple[Any, ...]]:
    for span, came in spans.items():
        if share := shares.of_calls.get(span.call):
            yield span.call, came, share.joules, share.seconds, share.is_shared


def _deployments(upstream: Upstream) -> list[int]:
    return list(upstream.deployments.values_list("pk", flat=True))


def forget_before(moment: datetime) -> None:
    """Of calls that the ledger knows no longer; the hours name nobody and stay."""
    CallEnergy.objects.filter(started_at__lt=moment).delete()
