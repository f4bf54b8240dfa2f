"""In works-council mode the ledger forgets who called, some days after.

A day's rows get pseudonyms made with a key that is drawn for that day and kept nowhere: which calls of it belong
together can be told still, whose they are cannot, and no two days can be joined. The sums keep no person at all.
"""

import secrets
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts import holds, rules
from accounts.models import HouseRules
from gateway.models import UsageTotal

MOST_DAYS = 31  # in one run
ROWS = """
    UPDATE gateway_usage SET api_key_id = NULL,
        user_id = encode(substr(sha256(%s::bytea || uuid_send(user_id)), 1, 16), 'hex')::uuid
    WHERE started_at >= %s AND started_at < %s"""
SUMS = """
    WITH old AS (
        DELETE FROM gateway_usagetotal
        WHERE start >= %s AND start < %s AND (user_id IS NOT NULL OR api_key_id IS NOT NULL) RETURNING *
    )
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
        duration_ms = t.duration_ms + excluded.duration_ms"""
OLDEST = "SELECT least((SELECT min(started_at) FROM gateway_usage), (SELECT min(start) FROM gateway_usagetotal))"


def apply() -> int:
    """Returns how many days were done; whoever runs beside it waits, and finds nothing to do. None while a legal hold
    is on anybody."""
    if not rules.current().works_council or holds.any_person():
        return 0
    days = 0
    while days < MOST_DAYS and _next_day():
        days += 1
    return days


def named_since() -> datetime | None:
    """Before that nobody is named any more."""
    return HouseRules.objects.filter(pk=1).values_list("pseudonymous_until", flat=True).first()


@transaction.atomic
def _next_day() -> bool:
    house = HouseRules.objects.select_for_update().get(pk=1)
    done_until = house.pseudonymous_until
    begin = _named_late(done_until) or done_until or _oldest()
    due = _midnight(timezone.localtime() - timedelta(days=house.pseudonymous_after))
    if begin is None or begin >= due:
        return False
    end = min(_midnight(timezone.localtime(begin) + timedelta(days=1, hours=3)), due)
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [secrets.token_bytes(32), begin, end])
        cursor.execute(SUMS, [begin, end])
    HouseRules.objects.filter(pk=1).update(pseudonymous_until=max(end, done_until or end))
    return True


def _named_late(done_until: datetime | None) -> datetime | None:
    """The first day that names somebody again: a call of it ended after the day was done."""
    if done_until is None:
        return None
    named = UsageTotal.objects.filter(span=UsageTotal.Span.DAY, start__lt=done_until).exclude(user=None, api_key=None)
    first = named.order_by("start").values_list("start", flat=True).first()
    return _midnight(timezone.localtime(first)) if first else None


def _oldest() -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        [oldest] = cursor.fetchone()
    return _midnight(timezone.localtime(oldest)) if oldest else None


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
