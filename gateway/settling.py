"""What the books are told of a call at its end: by the call, or by the sweep when its process is gone."""

import logging
import uuid
from datetime import datetime

from django.db import DataError, transaction
from django.utils import timezone

from gateway import ledger
from gateway.metering import Consumption, cost_of
from gateway.models import Call, Deployment, Usage

LONGEST = 2**31 - 1  # milliseconds that a column holds: 24 days, which a call may last whose machine was away

logger = logging.getLogger(__name__)


def settlement(call_id: uuid.UUID, deployment: Deployment | None, consumed: Consumption) -> ledger.Entry:
    return {
        "op": "settle",
        "id": str(call_id),
        "status": consumed.status,
        "model": deployment.name if deployment else "",
        "requests": consumed.requests,
        "input_tokens": consumed.input_tokens,
        "output_tokens": consumed.output_tokens,
        "cached_tokens": consumed.cached_tokens,
        "estimated": consumed.estimated,
        "cost": cost_of(deployment, consumed.input_tokens, consumed.output_tokens) if deployment else 0,
        "watts": deployment.upstream.watts if deployment else None,
        "first_token_ms": consumed.first_token_ms,
        "duration_ms": consumed.duration_ms,
    }


def sweep(now: datetime | None = None) -> int:
    """Settle the calls whose process is gone by what is known of them."""
    now = now or timezone.now()
    lost = Call.objects.filter(lease_until__lt=now).select_related("deployment__upstream")
    return sum(_book(_of_lost(call) | {"lease_before": now.isoformat()}) for call in lost)


def _of_lost(call: Call) -> ledger.Entry:
    """What its deployment cost is gone with it; what it was called, the ledger tells if it ever answered."""
    entry = settlement(call.pk, call.deployment, _last_known(call))
    if call.deployment or call.deployment_id is None:
        return entry
    former = Usage.objects.filter(deployment=call.deployment_id).order_by("-started_at").values_list("model", flat=True)
    return entry | {"model": former.first() or ""}


def _book(entry: ledger.Entry) -> bool:
    """Each by itself: what is wrong with one call keeps no other from being settled."""
    try:
        with transaction.atomic():
            [found] = ledger.book_now([entry])
    except DataError:
        logger.exception("Call %s could not be settled", entry["id"])
        return False
    return bool(found and found["settled"])


def _last_known(call: Call) -> Consumption:
    duration = min(round((timezone.now() - call.started_at).total_seconds() * 1000), LONGEST)
    if call.admitted_at is None:
        return Consumption(Usage.Status.ABORTED, None, duration)
    return Consumption(
        Usage.Status.ABORTED, None, duration, call.input_tokens, call.output_tokens, requests=1, estimated=True
    )
