"""Calls booked without relaying anything: what `gateway.calls` does around a relay, step by step and not async."""

import uuid

from gateway import catalogue, ledger, quotas, settling
from gateway.callers import Caller, standings
from gateway.calls import Running, Wanted
from gateway.exceptions import NotAllowed
from gateway.metering import Consumption, Estimate
from gateway.models import Call, Deployment, Purpose, Scope, Usage

SMALL = Estimate(input_tokens=10, output_tokens=20)


def call_of(caller: Caller, name: str = "wren", purpose: Purpose = Purpose.API, estimate: Estimate = SMALL) -> Running:
    wanted = Wanted(name, Deployment.Kind.CHAT, Scope.CHAT, purpose)
    known = standings.load(caller.identity)
    if known is None:
        raise NotAllowed
    able = catalogue.catalogue.load(None).find(name, wanted.kind, known)
    return Running(caller, wanted, known, able, lambda _: estimate)


def reserved(call: Running) -> dict[str, object]:
    return call.accepted(ledger.book_now([call.reservation(quotas.usual.load(call.deployment.pk))])[0])


def reserve(
    caller: Caller, estimate: Estimate = SMALL, *, name: str = "wren", purpose: Purpose = Purpose.API
) -> uuid.UUID:
    call = call_of(caller, name, purpose, estimate)
    reserved(call)
    return call.id


def move(call: Running, *others: Deployment) -> ledger.Result:
    call.able = {deployment.pk: deployment for deployment in others}
    call.quotas = quotas.applicable(call.standing.quotas, others)
    return ledger.book_now([call.relocation(quotas.usual.load(others[0].pk))])[0]


def settle(call_id: uuid.UUID, consumed: Consumption) -> bool:
    call = Call.objects.select_related("deployment__upstream").filter(pk=call_id).first()
    found = ledger.book_now([settling.settlement(call_id, call.deployment if call else None, consumed)])[0]
    return bool(found and found["settled"])


def renew(call_id: uuid.UUID, output_tokens: int = 0) -> dict[str, object] | None:
    entry = {"op": "renew", "id": str(call_id), "output_tokens": output_tokens}
    return ledger.book_now([entry])[0]


def done(input_tokens: int, output_tokens: int, duration_ms: int = 2) -> Consumption:
    return Consumption(Usage.Status.DONE, 1, duration_ms, input_tokens, output_tokens, requests=1)
