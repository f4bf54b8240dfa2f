"""Counters that cannot be overdrawn."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, Team, User
from gateway import calls, quotas
from gateway.callers import Caller
from gateway.exceptions import NotAllowed, QuotaExceeded, UnknownModel
from gateway.metering import Consumption, Estimate
from gateway.models import ApiKey, Call, Deployment, Hold, Purpose, Quota, Upstream, Usage

pytestmark = pytest.mark.django_db

SMALL = Estimate(input_tokens=10, output_tokens=20)


@pytest.fixture
def wren(db: None) -> Deployment:
    upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    return Deployment.objects.create(upstream=upstream, name="wren", model="wren")


def reserve(caller: Caller, deployment: Deployment, estimate: Estimate = SMALL) -> uuid.UUID:
    call_id = uuid.uuid4()
    calls.reserve(call_id, caller, deployment, Purpose.API, estimate)
    return call_id


def done(input_tokens: int, output_tokens: int) -> Consumption:
    return Consumption(Usage.Status.DONE, 1, 2, input_tokens, output_tokens, requests=1)


def test_a_reservation_holds_input_and_stated_output(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    reserve(caller, wren)
    quota.refresh_from_db()
    assert (quota.used, quota.reserved) == (0, 30)


def test_settling_counts_the_real_use_and_frees_the_hold(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    assert calls.settle(reserve(caller, wren), done(11, 3))
    quota.refresh_from_db()
    assert (quota.used, quota.reserved, Hold.objects.count(), Call.objects.count()) == (14, 0, 0, 0)


def test_a_call_settles_once(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(limit=100)
    call_id = reserve(caller, wren)
    assert [calls.settle(call_id, done(1, 1)), calls.settle(call_id, done(1, 1))] == [True, False]
    quota.refresh_from_db()
    assert (quota.used, Usage.objects.count()) == (2, 1)


def test_every_subject_is_counted(caller: Caller, wren: Deployment) -> None:
    teams = [Team.objects.create(name=name) for name in ("finches", "owls")]
    for team in teams:
        Membership.objects.create(user=caller.user, team=team)
    key, _ = ApiKey.create(caller.user, "script")
    subjects = [{"user": caller.user}, {"api_key": key}, {"deployment": wren}, {}, *({"team": team} for team in teams)]
    for subject in subjects:
        Quota.objects.create(limit=100, **subject)
    reserve(Caller(caller.user, key), wren)
    assert list(Quota.objects.values_list("reserved", flat=True)) == [30] * 6


def test_other_peoples_quotas_are_left_alone(caller: Caller, wren: Deployment, bob: User) -> None:
    key, _ = ApiKey.create(bob, "script")
    other = Deployment.objects.create(upstream=wren.upstream, name="tit", model="tit")
    for subject in ({"user": bob}, {"api_key": key}, {"deployment": other}, {"team": Team.objects.create(name="owls")}):
        Quota.objects.create(limit=0, **subject)
    reserve(caller, wren)
    assert set(Quota.objects.values_list("reserved", flat=True)) == {0}


def test_a_refused_call_costs_nothing_anywhere(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=100)
    Quota.objects.create(deployment=wren, limit=29)
    with pytest.raises(QuotaExceeded):
        reserve(caller, wren)
    assert list(Quota.objects.values_list("used", "reserved")) == [(0, 0)] * 2
    assert not Call.objects.exists()


def test_a_quota_can_be_used_to_the_last_token(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=60)
    reserve(caller, wren)
    reserve(caller, wren)
    with pytest.raises(QuotaExceeded):
        reserve(caller, wren, Estimate(1, 0))


def test_requests_are_counted_one_by_one(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=1, unit=Quota.Unit.REQUESTS)
    calls.settle(reserve(caller, wren), done(500, 500))
    quota.refresh_from_db()
    assert (quota.used, quota.reserved) == (1, 0)


@pytest.mark.parametrize("period", Quota.Period.values)
def test_a_period_begins_anew(caller: Caller, wren: Deployment, period: str) -> None:
    past = timezone.now() - timedelta(days=32)
    quota = Quota.objects.create(user=caller.user, limit=30, used=30, period=period, period_start=past)
    reserve(caller, wren)
    quota.refresh_from_db()
    assert (quota.used, quota.reserved, quota.period_start > past) == (0, 30, True)


def test_within_the_period_nothing_is_forgiven(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=30, used=30)
    with pytest.raises(QuotaExceeded):
        reserve(caller, wren)


def test_a_call_over_the_turn_of_a_period_counts_in_the_new_one(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100, used=50)
    call_id = reserve(caller, wren)
    Quota.objects.update(period_start=timezone.now() - timedelta(days=32))
    calls.settle(call_id, done(10, 2))
    quota.refresh_from_db()
    assert (quota.used, quota.reserved) == (12, 0)


@pytest.mark.parametrize(
    ("period", "anew"),
    [
        ("minute", datetime(2026, 12, 31, 22, 31, tzinfo=UTC)),
        ("hour", datetime(2026, 12, 31, 23, 0, tzinfo=UTC)),
        ("day", datetime(2026, 12, 31, 23, 0, tzinfo=UTC)),
        ("month", datetime(2026, 12, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_periods_follow_the_clock_on_the_wall(period: str, anew: datetime) -> None:
    assert quotas.begins_anew(period, datetime(2026, 12, 31, 22, 30, 15, tzinfo=UTC)) == anew  # half past 11 in Berlin


@pytest.mark.parametrize("now", [datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)])
def test_the_day_the_clock_is_changed_ends_at_midnight(now: datetime) -> None:
    anew = timezone.localtime(quotas.begins_anew("day", now))
    assert (anew.hour, anew.day - timezone.localtime(now).day) == (0, 1)


def test_the_refusal_names_the_quota_and_when_it_begins_anew(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=1, period=Quota.Period.HOUR)
    with pytest.raises(QuotaExceeded, match="Alice: 1 tokens an hour") as refused:
        reserve(caller, wren)
    assert 1 <= (refused.value.retry_after or 0) <= 3600


def test_without_max_tokens_the_usual_answer_is_held(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=10_000)
    for tokens in range(1, 101):
        calls.settle(reserve(caller, wren), done(0, tokens))
    reserve(caller, wren, Estimate(10, None))
    quota.refresh_from_db()
    assert quota.reserved == 10 + 90


def test_a_deployment_that_never_answered_is_given_a_guess(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=10_000)
    reserve(caller, wren, Estimate(10, None))
    quota.refresh_from_db()
    assert quota.reserved == 10 + quotas.UNKNOWN_OUTPUT


def test_an_inactive_person_calls_nothing(caller: Caller, wren: Deployment) -> None:
    User.objects.filter(pk=caller.user.pk).update(is_active=False)
    with pytest.raises(NotAllowed):
        reserve(caller, wren)


def test_a_model_withdrawn_since_is_called_by_nobody(caller: Caller, wren: Deployment) -> None:
    Upstream.objects.update(is_active=False)
    with pytest.raises(UnknownModel):
        reserve(caller, wren)


def test_a_key_revoked_since_calls_nothing(caller: Caller, wren: Deployment) -> None:
    key, _ = ApiKey.create(caller.user, "script")
    key.revoke()
    with pytest.raises(NotAllowed):
        reserve(Caller(caller.user, key), wren)


def test_the_sweep_settles_what_its_process_left(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    call_id = reserve(caller, wren)
    calls.renew(call_id, 4)
    assert calls.sweep() == 0
    assert calls.sweep(timezone.now() + calls.LEASE * 2) == 1
    quota.refresh_from_db()
    usage = Usage.objects.get(pk=call_id)
    assert (quota.used, quota.reserved) == (14, 0)
    assert (usage.status, usage.estimated, usage.output_tokens) == (Usage.Status.ABORTED, True, 4)


def test_a_quota_removed_meanwhile_is_no_hindrance(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    call_id = reserve(caller, wren)
    quota.delete()
    assert calls.settle(call_id, done(1, 1))


def test_usage_outlives_the_person_and_the_model(caller: Caller, wren: Deployment) -> None:
    call_id = reserve(caller, wren)
    caller.user.delete()
    wren.delete()
    assert calls.settle(call_id, done(1, 2))
    assert Usage.objects.get().user is None
