"""Whatever happens in whatever order: the books agree."""

import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from gateway import settling
from gateway.callers import Caller
from gateway.calls import Running
from gateway.exceptions import LineFull, QuotaExceeded
from gateway.metering import Consumption, Estimate
from gateway.models import Call, Deployment, Occupancy, Quota, Upstream, Usage, UsageTotal
from tests.gateway.booking import call_of, move, renew, reserved, settle

TOKENS = st.integers(0, 60)
ENDS = {"done": Usage.Status.DONE, "fail": Usage.Status.FAILED, "abort": Usage.Status.ABORTED}


class Books(RuleBasedStateMachine):
    """Two people before a deployment with two slots and a line of two, and a dearer one that calls move to; every quota
    has room for what it says."""

    under_way: Bundle[uuid.UUID] = Bundle("under_way")

    @initialize()
    def open(self) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        people = [User.objects.create_user(f"{name}@example.org") for name in ("alice", "bob")]
        self.callers = [Caller(person) for person in people]
        upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1", watts=360)
        shape = {"upstream": upstream, "slots": 2, "queue_limit": 2}
        wren = Deployment.objects.create(name="wren", model="wren", input_price=2, output_price=3, **shape)
        self.crow = Deployment.objects.create(name="crow", model="crow", input_price=5, output_price=7, **shape)
        Quota.objects.create(limit=200, deployment=self.crow)
        for subject in ({}, {"user": people[0]}, {"deployment": wren}):
            Quota.objects.create(limit=300, **subject)
        Quota.objects.create(limit=9, unit=Quota.Unit.REQUESTS)
        Quota.objects.create(limit=900, unit=Quota.Unit.COST, period=Quota.Period.TOTAL)
        Quota.objects.create(limit=3, unit=Quota.Unit.PARALLEL, user=people[1])
        Quota.objects.create(limit=1, is_hard=False)
        self.held: dict[uuid.UUID, tuple[Running, Estimate]] = {}
        self.settled: set[uuid.UUID] = set()

    @rule(target=under_way, who=st.integers(0, 1), given=TOKENS, wanted=TOKENS)
    def reserve(self, who: int, given: int, wanted: int) -> uuid.UUID:
        call = call_of(self.callers[who], estimate=Estimate(given, wanted))
        try:
            reserved(call)
            self.held[call.id] = (call, Estimate(given, wanted))
        except (QuotaExceeded, LineFull):
            pass
        return call.id

    @rule(call_id=under_way)
    def move(self, call_id: uuid.UUID) -> None:
        """As after a failure; where the quotas refuse, it goes on holding what it held until it ends."""
        if Call.objects.filter(pk=call_id, admitted_at__isnull=False, deployment__name="wren").exists():
            found = move(self.held[call_id][0], self.crow)
            assert found and found["state"] in ("admitted", "waiting", "refused")

    @rule(call_id=consumes(under_way), how=st.sampled_from(sorted(ENDS)), tokens=TOKENS)
    def end(self, call_id: uuid.UUID, how: str, tokens: int) -> None:
        """Never more out than was held: an honest upstream under a stated `max_tokens`. Who waits was never asked."""
        _, estimate = self.held.pop(call_id, (None, Estimate(0, 0)))
        spent = Consumption(
            ENDS[how], 1, 9, estimate.input_tokens, min(tokens, estimate.output_tokens or 0), requests=1
        )
        if Call.objects.filter(pk=call_id, admitted_at=None).exists():
            spent = Consumption(Usage.Status.ABORTED, None, 9)
        was_open = Call.objects.filter(pk=call_id).exists()
        assert settle(call_id, spent) == was_open
        assert not settle(call_id, spent)

    @rule(call_id=under_way)
    def renew(self, call_id: uuid.UUID) -> None:
        assert (renew(call_id) is not None) == (call_id in self.held)

    @rule()
    def crash_and_sweep(self) -> None:
        Call.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert settling.sweep() == len(self.held)
        self.held.clear()

    @invariant()
    def what_is_used_is_what_was_settled(self) -> None:
        for quota in Quota.objects.filter(unit=Quota.Unit.TOKENS):
            of = {name: wanted for name in ("user_id", "deployment_id") if (wanted := getattr(quota, name))}
            rows = Usage.objects.filter(**of).aggregate(given=Sum("input_tokens"), said=Sum("output_tokens"))
            assert quota.used == (rows["given"] or 0) + (rows["said"] or 0)
        rows = Usage.objects.aggregate(said=Sum("output_tokens"), cost=Sum("cost"))
        assert Quota.objects.get(unit=Quota.Unit.COST).used == (rows["cost"] or 0)
        sums = UsageTotal.objects.filter(span="day").aggregate(calls=Sum("calls"), said=Sum("output_tokens"))
        assert (sums["calls"] or 0, sums["said"] or 0) == (Usage.objects.count(), rows["said"] or 0)

    @invariant()
    def what_is_reserved_is_what_is_under_way(self) -> None:
        tokens = sum(estimate.input_tokens + (estimate.output_tokens or 0) for _, estimate in self.held.values())
        assert Quota.objects.get(unit=Quota.Unit.TOKENS, is_hard=True, user=None, deployment=None).reserved == tokens
        bobs = sum(call.caller == self.callers[1] for call, _ in self.held.values())
        assert Quota.objects.get(unit=Quota.Unit.PARALLEL).reserved == bobs
        assert Call.objects.count() == len(self.held)
        holds = [hold for call in Call.objects.all() for hold in call.holds]
        for quota in Quota.objects.all():
            assert quota.reserved == sum(amount for id, amount, _ in holds if id == quota.pk)

    @invariant()
    def nothing_is_overdrawn(self) -> None:
        for quota in Quota.objects.filter(is_hard=True):
            assert quota.used + quota.reserved <= quota.limit
        waiting = Call.objects.filter(admitted_at=None)
        for place in Occupancy.objects.all():
            running = Call.objects.filter(deployment=place.deployment_id, admitted_at__isnull=False).count()
            assert place.running == running <= 2
            # nobody waits before a free slot
            assert running == 2 or not waiting.filter(candidates__contains=[place.deployment_id]).exists()

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            Call.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            settling.sweep()
            assert set(Quota.objects.values_list("reserved", flat=True)) == {0}
            assert set(Occupancy.objects.values_list("running", flat=True)) == {0}
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)


@pytest.mark.django_db
def test_the_books_agree_after_every_step() -> None:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    sizes = settings(max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Books, settings=sizes)  # type: ignore[no-untyped-call]
