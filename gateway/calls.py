"""The one path of every model call: authorise, estimate, reserve, admit, relay, settle.

`metered` is the whole of it for whoever relays. A call is a row while it is in line or under way, with a lease that
its process renews; settling removes the row, so it happens once, whoever comes first: the end of the call or the sweep.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

from gateway import catalogue, health, leases, ledger, metrics, outbox, quotas, receipts, settling, tracing
from gateway.callers import Caller, Standing, standing
from gateway.exceptions import (
    Asleep,
    BooksUnavailable,
    GatewayError,
    LineFull,
    NotAllowed,
    NotInHouse,
    UnknownModel,
    UpstreamError,
)
from gateway.hours import waking
from gateway.leases import Place
from gateway.metering import Consumption, Estimate, Meter
from gateway.models import Deployment, Purpose, Scope, Usage

LONGEST_WAIT = 900.0  # seconds in line

logger = logging.getLogger(__name__)


Estimator = Callable[[list[Deployment]], Estimate]


@dataclass(frozen=True)
class Wanted:
    """Which model, and how: by public name or alias, the default for an empty one."""

    name: str
    kind: Deployment.Kind
    scope: str
    purpose: Purpose
    model: str = ""  # of the deployments of that name only those of this model
    deployment: int = 0  # and of those only this one, without a fallback; 0: any
    on_wait: Callable[[Place], None] = lambda place: None
    operation: str = ""  # as traces call it, where not by the kind


class Running:
    """A call from its reservation to its end."""

    def __init__(
        self, caller: Caller, wanted: Wanted, known: Standing, able: list[Deployment], estimate: Estimator
    ) -> None:
        self.id = uuid.uuid4()
        self.caller, self.wanted, self.standing = caller, wanted, known
        self.able = {deployment.id: deployment for deployment in able}
        self.deployment = able[0]  # that answers; known for certain once the call is admitted
        self.quotas = quotas.applicable(known.quotas, able)
        self.estimate = estimate
        self.left: dict[int, int] = {}  # of each quota
        self.meter = Meter(0)
        self.first_place: int | None = None  # in line, if it stood there
        self.queued_ms = 0
        self.wakes_in: int | None = None  # seconds, where it waits for its server to wake
        self.is_booked = False  # it has, or may have, a row
        self.is_admitted = False
        self.is_streamed = False
        self.attempts = 1
        self.error: GatewayError | None = None
        self.noted: UpstreamError | None = None  # that its server is said to have failed by
        self.revoked: GatewayError | None = None  # since it began
        self.span = tracing.begin(wanted.operation or wanted.kind, self.deployment.name, self.deployment.upstream.name)
        self.note = receipts.Note()

    async def check(self) -> None:
        """Asked each second: who is deactivated, and whose key is revoked, is served no longer; nobody waits for what
        is no longer offered to them, or cannot be woken."""
        try:
            known = await standing(self.caller)
            if self.id in leases.of_this_loop().waiting:
                await self._check_wait(known)
        except NotAllowed as error:
            self.revoked = error
            self._leave_line(error)
        except (UnknownModel, Asleep) as error:
            self._leave_line(error)
        except BooksUnavailable:
            pass  # nobody knows; a second later somebody may

    def lost(self) -> None:
        self.revoked = BooksUnavailable()

    async def _check_wait(self, known: Standing) -> None:
        if self.standing.deployments is None:  # not for a key to say
            known = replace(known, deployments=None)
        offers = (await catalogue.current()).by_id
        if not any(offers[each].is_for(known) for each in self.able if each in offers):
            raise UnknownModel(param="model")
        if self.wakes_in is not None:
            await waking.ready(self.able.values(), wakes=True)

    def _leave_line(self, error: GatewayError) -> None:
        waiting = leases.of_this_loop().waiting.get(self.id)
        if waiting and not waiting.admitted.done():
            waiting.admitted.set_exception(error)

    async def reserve(self) -> None:
        """Hold what the call may need and wait for a free slot, or raise and change nothing."""
        entry = self.reservation(await quotas.usual.get(self.deployment.id))
        self.is_booked = True
        try:
            answer = await ledger.book(entry)
        except BooksUnavailable:
            self.is_booked = False  # or the sweep will find it
            raise
        if answer and answer["state"] == "refused":
            await outbox.tell_refused(answer["quota"])
        await self._take(answer)

    def reservation(self, usual: quotas.Usual) -> ledger.Entry:
        estimate = self.estimate([*self.able.values()])
        self.meter.input_estimate = estimate.input_tokens
        return {
            "op": "reserve",
            "id": str(self.id),
            "user": str(self.caller.user.id),
            "key": self.caller.api_key.id if self.caller.api_key else None,
            "purpose": self.wanted.purpose,
            "rank": self.wanted.purpose.rank,
            "weight": self.standing.weight,
            "input_tokens": estimate.input_tokens,
            "candidates": self._candidates(),
            "holds": quotas.holds(self.quotas, self.able.values(), estimate, usual),
        }

    async def move(self, error: UpstreamError) -> None:
        """To another deployment after one that failed before its first byte; raises `error` when there is none, or when
        the quotas allow none."""
        failed = self.able.pop(self.deployment.id)
        if not self.able and failed.fallback_id and not self.wanted.deployment:
            offer = (await catalogue.current()).by_id.get(failed.fallback_id)
            is_open = offer and offer.is_for(self.standing) and self.caller.may_send_to(offer.deployment.upstream)
            self.able = {offer.deployment.id: offer.deployment} if offer and is_open else {}
        if not self.able or not error.is_passing:
            raise error
        try:
            self.wakes_in = await waking.ready(self.able.values(), wakes=True)
        except Asleep:
            raise error from None
        logger.info("A call moves on from upstream %s: %s", failed.upstream.name, error.code)
        await health.note(failed.upstream, error)
        self.noted = error
        receipts.sent(self.note, failed, error)
        self.attempts += 1
        self.quotas = quotas.applicable(self.standing.quotas, self.able.values())
        answer = await ledger.book(self.relocation(await quotas.usual.get(next(iter(self.able)))))
        if answer and answer["state"] == "refused":
            raise error
        await self._take(answer)

    def relocation(self, usual: quotas.Usual) -> ledger.Entry:
        """The others have quotas and prices of their own."""
        holds = quotas.holds(self.quotas, self.able.values(), self.estimate([*self.able.values()]), usual)
        return {"op": "move", "id": str(self.id), "candidates": self._candidates(), "holds": holds}

    def _candidates(self) -> list[dict[str, Any]]:
        well = [deployment for deployment in self.able.values() if not health.is_cooling(deployment.upstream)]
        return [
            {"id": deployment.id, "rank": deployment.priority, "weight": deployment.weight}
            for deployment in well or self.able.values()
        ]

    async def _take(self, answer: ledger.Result) -> None:
        found = self.accepted(answer)
        if found["state"] == "waiting":
            self.is_admitted = False
            self.first_place = self.first_place or found["place"]
            found["deployment"] = await self._wait(Place(found["place"], found["seconds"]))
            self.queued_ms = self.meter.elapsed_ms()
        self.deployment = self.able[found["deployment"]]
        self.is_admitted = True
        self.note = receipts.sending(self.id, self.deployment, self.wanted.purpose)

    def accepted(self, found: ledger.Result) -> dict[str, Any]:
        if found is None:
            raise BooksUnavailable  # swept while the database was away
        self.is_booked = found["state"] not in ("refused", "full")
        if found["state"] == "refused":
            quota = next(quota for quota in self.quotas if quota.id == found["quota"])
            raise quotas.exceeded(quota, dict(found["left"])[quota.id])
        if found["state"] == "full":
            raise LineFull(retry_after=max(1, round(found["seconds"] or 0)))  # none of a model deleted meanwhile
        self.left |= dict(found.get("left", ()))
        return found

    async def _wait(self, place: Place) -> int:
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                while True:
                    found = await leases.of_this_loop().admission(self.id, place, self.wanted.on_wait)
                    if found in self.able:  # or it is heard late, of before the call moved on
                        return found
        except TimeoutError:
            raise LineFull(retry_after=60) from None

    async def settle(self, consumed: Consumption) -> None:
        if self.is_admitted:
            receipts.sent(self.note, self.deployment, self.error)
        receipts.ended(self.note, self.deployment, consumed, self.queued_ms)
        entry = settling.settlement(self.id, self.deployment, consumed)
        found = await ledger.book(entry) or {}
        if not found.get("settled"):
            logger.warning("Call %s had been settled before, by the sweep.", self.id)
        for quota in self.quotas:
            if quota.id in found.get("warned", ()):
                metrics.quota_warnings.labels(quota.unit, quota.period).inc()
                logger.warning("Quota %s reached its warning mark", quota.id)


async def _able(caller: Caller, wanted: Wanted, known: Standing) -> list[Deployment]:
    """Those that can serve the call, at least one."""
    able = (await catalogue.current()).find(wanted.name, wanted.kind, known)
    able = [deployment for deployment in able if wanted.model in ("", deployment.model)] or able
    if wanted.deployment and not (able := [each for each in able if each.id == wanted.deployment]):
        raise UnknownModel(param="model")
    able = [deployment for deployment in able if caller.may_send_to(deployment.upstream)]
    if not able:
        raise NotInHouse
    return able


@contextlib.asynccontextmanager
async def metered(caller: Caller, wanted: Wanted, estimate: Estimator) -> AsyncIterator[Running]:
    """Reserve, let the block relay, settle however it ends: well (`meter.status` set to DONE), failed or aborted."""
    known = await standing(caller)
    if wanted.purpose == Purpose.RETRIEVAL:  # how documents are searched, and by which model, is not for a key to say
        known = replace(known, deployments=None)
        known.allow(Scope.DOCUMENTS_READ)
    else:
        known.allow(wanted.scope)
    able = await _able(caller, wanted, known)
    wakes_in = await waking.ready(able, wakes=False)
    call = Running(caller, wanted, known, able, estimate)
    call.wakes_in = wakes_in
    keeping = leases.of_this_loop()
    keeping.calls[call.id] = call
    try:
        await call.reserve()
        keeping.running.add(call.id)
        yield call
        if call.revoked:
            raise call.revoked
        await health.note(call.deployment.upstream, None)
    except GatewayError as error:
        call.meter.status, call.error = Usage.Status.FAILED, error
        if isinstance(error, UpstreamError) and error is not call.noted:
            await health.note(call.deployment.upstream, error)
        raise
    except Exception:  # a fault of ours, which nobody is to take for a caller who left
        call.meter.status, call.error = Usage.Status.FAILED, GatewayError()
        raise
    finally:
        keeping.running.discard(call.id)
        del keeping.calls[call.id]
        consumed = call.meter.consumption(was_sent=call.is_admitted)
        metrics.ended(call, consumed)
        tracing.end(call, consumed)
        if call.is_booked:
            await call.settle(consumed)  # written behind what is on its way to the books, even when nobody waits for it
