"""The one path of every model call: authorise, estimate, reserve, relay, settle.

`metered` is the whole of it for whoever relays. A call is a row while it is under way, with a lease that a heartbeat
renews; `settle` removes the row, so it happens once, whoever comes first: the end of the call or the sweep.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import User
from gateway import quotas
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import GatewayError, NotAllowed, UnknownModel
from gateway.metering import Consumption, Estimate, Meter
from gateway.models import ApiKey, Call, Deployment, Hold, Purpose, Usage

LEASE = timedelta(seconds=60)
RENEWAL = 20.0  # seconds

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
_under_way: set[asyncio.Task[Any]] = set()  # the loop itself keeps no task alive


def _authorise(caller: Caller, deployment: Deployment) -> None:
    """Again at each call: a socket or a job may live longer than its owner's account, or than the model's offer."""
    if caller.api_key:
        allowed = ApiKey.objects.usable().filter(pk=caller.api_key.pk, user=caller.user).exists()
    else:
        allowed = User.objects.filter(pk=caller.user.pk, is_active=True).exists()
    if not allowed:
        raise NotAllowed
    if not Deployment.objects.serving(deployment.kind).filter(pk=deployment.pk).exists():
        raise UnknownModel(param="model")


@transaction.atomic
def reserve(call_id: uuid.UUID, caller: Caller, deployment: Deployment, purpose: Purpose, estimate: Estimate) -> None:
    """Hold on every applicable quota what the call may need, or raise and change nothing on any."""
    _authorise(caller, deployment)
    applicable = list(quotas.applicable(caller, deployment).select_related("user", "team", "api_key", "deployment"))
    output_tokens = estimate.output_tokens
    if output_tokens is None:
        output_tokens = quotas.usual_output(deployment)
    amounts = quotas.amounts(applicable, estimate.input_tokens + output_tokens)
    now = timezone.now()
    call = Call.objects.create(
        id=call_id,
        user=caller.user,
        api_key=caller.api_key,
        deployment=deployment,
        purpose=purpose,
        input_tokens=estimate.input_tokens,
        started_at=now,
        lease_until=now + LEASE,
    )
    Hold.objects.bulk_create(Hold(call=call, quota=quota, amount=amount) for quota, amount in amounts)
    for quota, amount in amounts:  # last: all other calls wait for these rows until we commit
        quotas.hold(quota, amount)


@transaction.atomic
def settle(call_id: uuid.UUID, consumption: Consumption) -> bool:
    """Count what the call consumed and forget it; of a call already settled nothing happens."""
    call = Call.objects.select_for_update().filter(pk=call_id).first()
    if call is None:
        return False
    _settle(call, consumption)
    return True


def _settle(call: Call, consumption: Consumption) -> None:
    holds = list(call.holds.select_related("quota").order_by("quota_id"))
    Usage.objects.create(
        id=call.pk,
        user_id=call.user_id,
        api_key_id=call.api_key_id,
        deployment_id=call.deployment_id,
        purpose=call.purpose,
        status=consumption.status,
        input_tokens=consumption.input_tokens,
        output_tokens=consumption.output_tokens,
        estimated=consumption.estimated,
        started_at=call.started_at,
        first_token_ms=consumption.first_token_ms,
        duration_ms=consumption.duration_ms,
    )
    call.delete()
    for hold in holds:  # last, as in `reserve`
        quotas.settle(hold.quota_id, held=hold.amount, actual=consumption.of(hold.quota.unit))


def renew(call_id: uuid.UUID, output_tokens: int) -> None:
    Call.objects.filter(pk=call_id).update(lease_until=timezone.now() + LEASE, output_tokens=output_tokens)


def sweep(now: datetime | None = None) -> int:
    """Settle the calls whose process is gone by what is known of them."""
    now = now or timezone.now()
    swept = 0
    for call_id in Call.objects.filter(lease_until__lt=now).values_list("pk", flat=True):
        with transaction.atomic():
            expired = Call.objects.select_for_update(skip_locked=True).filter(pk=call_id, lease_until__lt=now)
            for call in expired:
                _settle(call, _last_known(call))
                swept += 1
    return swept


def _last_known(call: Call) -> Consumption:
    return Consumption(
        Usage.Status.ABORTED,
        None,
        round((timezone.now() - call.started_at).total_seconds() * 1000),
        call.input_tokens,
        call.output_tokens,
        requests=1,
        estimated=True,
    )


def _keep(coroutine: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """A task that runs to its end even when nobody waits for it any more."""
    task = asyncio.create_task(coroutine)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    return task


@contextlib.asynccontextmanager
async def metered(caller: Caller, deployment: Deployment, purpose: Purpose, estimate: Estimate) -> AsyncIterator[Meter]:
    """Reserve, let the block relay, settle however it ends: well (`meter.status` set to DONE), failed or aborted."""
    call_id, meter = uuid.uuid4(), Meter(estimate.input_tokens)
    reservation = _keep(in_database(reserve, call_id, caller, deployment, purpose, estimate))
    heartbeat: asyncio.Task[None] | None = None
    try:
        await asyncio.shield(reservation)
        heartbeat = _keep(_beat(call_id, meter))
        yield meter
    except GatewayError:
        meter.status = Usage.Status.FAILED
        raise
    finally:
        if heartbeat is not None:
            heartbeat.cancel()
        await asyncio.shield(_keep(_settle_after(reservation, call_id, meter)))


async def _settle_after(reservation: asyncio.Task[None], call_id: uuid.UUID, meter: Meter) -> None:
    await asyncio.wait([reservation])
    if reservation.cancelled() or reservation.exception():
        return  # nothing was reserved
    await in_database(settle, call_id, meter.consumption())


async def _beat(call_id: uuid.UUID, meter: Meter) -> None:
    while True:
        await asyncio.sleep(RENEWAL)
        try:
            await in_database(renew, call_id, meter.relayed_tokens)
        except DatabaseError:
            logger.warning("The lease of call %s could not be renewed; trying again.", call_id)
