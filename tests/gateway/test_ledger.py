"""Whatever happens in whatever order: the books agree."""

import uuid

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from gateway import calls
from gateway.callers import Caller
from gateway.exceptions import QuotaExceeded
from gateway.metering import Estimate, Meter
from gateway.models import Call, Deployment, Purpose, Quota, Upstream, Usage

SIZE = st.integers(0, 60)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), SIZE, SIZE),
        st.tuples(st.sampled_from(["done", "abort", "fail", "twice"]), st.integers(0, 9), SIZE),
        st.tuples(st.just("sweep"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


class Ledger:
    def __init__(self, caller: Caller, deployment: Deployment) -> None:
        self.caller, self.deployment = caller, deployment
        self.open: list[tuple[uuid.UUID, Estimate]] = []
        self.settled: list[uuid.UUID] = []

    def reserve(self, input_tokens: int, output_tokens: int) -> None:
        call_id, estimate = uuid.uuid4(), Estimate(input_tokens, output_tokens)
        try:
            calls.reserve(call_id, self.caller, self.deployment, Purpose.API, estimate)
        except QuotaExceeded:
            return
        self.open.append((call_id, estimate))

    def end(self, how: str, which: int, tokens: int) -> None:
        if how == "twice" and self.settled:
            assert not calls.settle(self.settled[which % len(self.settled)], Meter(tokens).consumption())
        elif self.open:
            call_id, estimate = self.open.pop(which % len(self.open))
            meter = Meter(estimate.input_tokens, relayed_tokens=min(tokens, estimate.output_tokens or 0))
            meter.status = {"done": Usage.Status.DONE, "fail": Usage.Status.FAILED}.get(how, Usage.Status.ABORTED)
            assert calls.settle(call_id, meter.consumption())
            self.settled.append(call_id)

    def sweep(self) -> None:
        assert calls.sweep(timezone.now() + calls.LEASE * 2) == len(self.open)
        self.settled += [call_id for call_id, _ in self.open]
        self.open = []

    def check(self) -> None:
        held = sum(estimate.input_tokens + (estimate.output_tokens or 0) for _, estimate in self.open)
        used = sum(usage.input_tokens + usage.output_tokens for usage in Usage.objects.all())
        for quota in Quota.objects.filter(unit=Quota.Unit.TOKENS):
            assert (quota.used, quota.reserved) == (used, held)
        for quota in Quota.objects.all():
            assert quota.used + quota.reserved <= quota.limit
        assert Usage.objects.count() == len(self.settled)
        assert Call.objects.count() == len(self.open)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_books_agree_after_every_step(alice: User, steps: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
        ledger = Ledger(Caller(alice), Deployment.objects.create(upstream=upstream, name="wren", model="wren"))
        Quota.objects.create(limit=150)
        Quota.objects.create(user=alice, limit=200)
        Quota.objects.create(deployment=ledger.deployment, limit=6, unit=Quota.Unit.REQUESTS)
        for action, first, second in [*steps, ("sweep", 0, 0)]:
            if action == "reserve":
                ledger.reserve(first, second)
            elif action == "sweep":
                ledger.sweep()
            else:
                ledger.end(action, first, second)
            ledger.check()
        assert set(Quota.objects.values_list("reserved", flat=True)) == {0}
        transaction.set_rollback(True)
