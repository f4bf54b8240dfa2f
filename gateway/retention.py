"""How long the ledger names persons: its rows, and its sums by hour, go after some months; sums by day lose whom they
are of and stay. Nothing goes without a line in the log that counts it."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from gateway import partitions
from gateway.energy import booking
from gateway.models import UsageTotal

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


def kept_since() -> datetime | None:
    """The begin of the oldest month of which everything is kept; None: of all."""
    months: int = settings.USAGE_RETENTION_MONTHS
    return partitions.month_of(timezone.now(), -months) if months else None


def apply() -> None:
    since = kept_since()
    if since is None:
        return
    for name, rows in partitions.drop_before(since).items():
        logger.warning("The ledger's month %s is over its time: dropped with %s rows.", name, rows)
    booking.forget_before(since)
    with transaction.atomic(), connection.cursor() as cursor:
        hours, _ = UsageTotal.objects.filter(span=UsageTotal.Span.HOUR, start__lt=since).delete()
        cursor.execute(FORGET_PERSONS, [since])
        [days] = cursor.fetchone()
    if hours or days:
        text = "Before %s: %s sums by hour are dropped, %s sums by day no longer say whose they are."
        logger.warning(text, since.date(), hours, days)
