"""How fast the models are: medians of what was answered lately, out of the ledger."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from gateway.models import Deployment

KEPT = "gateway:speeds"
KEPT_SECONDS = 60
SINCE = timedelta(days=7)
CALLS, FEWEST = 200, 5  # of the newest calls of a deployment; fewer than that say nothing
# an answer that came at once, or hardly is one, says nothing of how fast it was written
MEDIANS = """
    SELECT deployment.id,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY first_token_ms - queued_ms),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY output_tokens * 1000.0 / (duration_ms - first_token_ms))
    FROM gateway_deployment AS deployment, LATERAL (
        SELECT first_token_ms, queued_ms, output_tokens, duration_ms
        FROM gateway_usage
        WHERE deployment_id = deployment.id AND started_at > %(since)s AND status = 'done'
          AND output_tokens >= 16 AND duration_ms - first_token_ms >= 100
        ORDER BY started_at DESC
        LIMIT %(calls)s
    ) AS recent
    WHERE deployment.kind = %(kind)s
    GROUP BY deployment.id
    HAVING count(*) >= %(fewest)s"""


@dataclass(frozen=True)
class Speed:
    first_token_ms: int  # waiting in line not counted
    tokens_per_second: float

    @property
    def seconds_to_first_token(self) -> float:
        return self.first_token_ms / 1000


def of_chat_models() -> dict[int, Speed]:
    """By deployment; asked anew once a minute."""
    known: dict[int, Speed] | None = cache.get(KEPT)
    if known is None:
        known = _measured()
        cache.set(KEPT, known, KEPT_SECONDS)
    return known


def _measured() -> dict[int, Speed]:
    since = timezone.now() - SINCE
    asked: dict[str, Any] = {"since": since, "calls": CALLS, "fewest": FEWEST, "kind": Deployment.Kind.CHAT}
    with connection.cursor() as cursor:
        cursor.execute(MEDIANS, asked)
        return {pk: Speed(round(first), round(rate, 1)) for pk, first, rate in cursor.fetchall()}
