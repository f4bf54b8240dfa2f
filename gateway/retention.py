"""How long the ledger names persons: its rows, and its sums by hour, go after some months; sums by day lose whom they
are of and stay. Nothing goes without a line in the log that counts it, and nothing while a legal hold is on anybody."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, holds
from accounts.audit import Kind
from accounts.models import RetentionRule
from accounts.retention import rule_of_the_house
from gateway import partitions
from gateway.energy import booking
from gateway.models import Usage, UsageTotal

FORGET_PERSONS = """
    WITH old AS (
        DELETE FROM gateway_usagetotal
        WHERE span = 'day' AND start < %s AND (user_id IS NOT NULL OR api_key_id IS NOT NULL) RETURNING *
    ), sums AS (
        INSERT INTO gateway_usagetotal AS t (span, start, deployment_id, purpose, model, calls, failed, input_tokens,
                                             output_tokens, cost, energy, queued_ms, duration_ms)
        SELECT span, start, deployment_id, purpose, model, sum(calls), sum(failed), sum(input_tokens),
               sum(output_tokens), sum(cost), sum(energy), sum(queued_ms), sum(duration_ms)
        FROM old GROUP BY span, start, deployment_id, purpose, model
        ON CONFLICT (span, start, deployment_id, user_id, api_key_id, purpose, model) DO UPDATE SET
            calls = t.calls + excluded.calls, failed = t.failed + excluded.failed,
            input_tokens = t.input_tokens + excluded.input_tokens,
            output_tokens = t.output_tokens + excluded.output_tokens, cost = t.cost + excluded.cost,
            energy = t.energy + excluded.energy, queued_ms = t.queued_ms + excluded.queued_ms,
            duration_ms = t.duration_ms + excluded.duration_ms
    )
    SELECT count(*) FROM old"""

logger = logging.getLogger(__name__)


def kept_since(rule: RetentionRule | None = None) -> datetime | None:
    """The begin of the oldest month of which everything is kept; None: of all. A rule in the panel goes before the
    variable, and takes no month before all of it is over its time."""
    months: int = settings.USAGE_RETENTION_MONTHS
    if rule := rule or rule_of_the_house(RetentionRule.Kind.USAGE):
        return partitions.month_of(rule.cutoff)
    return partitions.month_of(timezone.now(), -months) if months else None


def preview(rule: RetentionRule) -> dict[str, int]:
    since = None if holds.any_person() else kept_since(rule)
    return {"calls": Usage.objects.filter(started_at__lt=since).count() if since else 0}


def apply() -> None:
    since = kept_since()
    if since is None or holds.any_person():
        return
    for name, rows in partitions.drop_before(since).items():
        audit.record(Kind.RETENTION, detail=f"usage: {rows}")
        logger.warning("The ledger's month %s is over its time: dropped with %s rows.", name, rows)
    booking.forget_before(since)
    whole_since = timezone.localtime(since).replace(hour=0, minute=0)  # sums are of local days, months those of UTC
    with transaction.atomic(), connection.cursor() as cursor:
        hours, _ = UsageTotal.objects.filter(span=UsageTotal.Span.HOUR, start__lt=whole_since).delete()
        cursor.execute(FORGET_PERSONS, [whole_since])
        [days] = cursor.fetchone()
    if hours or days:
        text = "Before %s: %s sums by hour are dropped, %s sums by day no longer say whose they are."
        logger.warning(text, since.date(), hours, days)
