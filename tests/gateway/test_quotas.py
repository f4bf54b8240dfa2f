"""Counters that cannot be overdrawn."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, Team, User
from gateway import ledger, quotas, settling
from gateway.callers import Caller
from gateway.exceptions import NotAllowed, QuotaExceeded, RateLimited, UnknownModel
from gateway.metering import Estimate
from gateway.models import ApiKey, Call, Deployment, Quota, Upstream, Usage, UsageTotal
from tests.gateway.booking import call_of, done, renew, reserve, reserved, settle

pytestmark = pytest.mark.django_db

LEASE = timedelta(seconds=30)  # of sql/ledger.sql


@pytest.fixture
def wren(db: None) -> Deployment:
    upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    return Deployment.objects.create(upstream=upstream, name="wren", model="wren")


def test_a_reservation_holds_input_and_stated_output(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    reserve(caller)
    quota.refresh_from_db()
    assert (quota.used, quota.reserved) == (0, 30)


def test_settling_counts_the_real_use_and_frees_the_hold(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    assert settle(reserve(caller), done(11, 3))
    quota.refresh_from_db()
    assert (quota.used, quota.reserved, Call.objects.count()) == (14, 0, 0)


def test_a_call_settles_once(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(limit=100)
    call_id = reserve(caller)
    assert [settle(call_id, done(1, 1)), settle(call_id, done(1, 1))] == [True, False]
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
    reserve(Caller(caller.user, key))
    assert list(Quota.objects.values_list("reserved", flat=True)) == [30] * 6


def test_other_peoples_quotas_are_left_alone(caller: Caller, wren: Deployment, bob: User) -> None:
    key, _ = ApiKey.create(bob, "script")
    other = Deployment.objects.create(upstream=wren.upstream, name="tit", model="tit")
    for subject in ({"user": bob}, {"api_key": key}, {"deployment": other}, {"team": Team.objects.create(name="owls")}):
        Quota.objects.create(limit=0, **subject)
    reserve(caller)
    assert set(Quota.objects.values_list("reserved", flat=True)) == {0}


def test_a_refused_call_costs_nothing_anywhere(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=100)
    Quota.objects.create(deployment=wren, limit=29)
    with pytest.raises(QuotaExceeded):
        reserve(caller)
    assert list(Quota.objects.values_list("used", "reserved")) == [(0, 0)] * 2
    assert not Call.objects.exists()


def test_a_quota_can_be_used_to_the_last_token(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=60)
    reserve(caller)
    reserve(caller)
    with pytest.raises(QuotaExceeded):
        reserve(caller, Estimate(1, 0))


def test_requests_are_counted_one_by_one(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=1, unit=Quota.Unit.REQUESTS)
    settle(reserve(caller), done(500, 500))
    quota.refresh_from_db()
    assert (quota.used, quota.reserved) == (1, 0)


def test_a_balance_never_begins_anew(caller: Caller, wren: Deployment) -> None:
    past = timezone.now() - timedelta(days=400)
    Quota.objects.create(user=caller.user, limit=30, used=30, period=Quota.Period.TOTAL, period_start=past)
    with pytest.raises(QuotaExceeded, match="balance") as refused:
        reserve(caller)
    assert refused.value.retry_after is None


@pytest.mark.parametrize("period", ["minute", "hour", "day", "month"])
def test_a_period_begins_anew(caller: Caller, wren: Deployment, period: str) -> None:
    past = timezone.now() - timedelta(days=32)
    quota = Quota.objects.create(user=caller.user, limit=30, used=30, period=period, period_start=past)
    reserve(caller)
    quota.refresh_from_db()
    assert (quota.used, quota.reserved, quota.period_start > past) == (0, 30, True)


@pytest.mark.parametrize("period", ["minute", "day", "month"])
def test_a_clock_that_was_ahead_for_a_while_shuts_nothing(caller: Caller, wren: Deployment, period: str) -> None:
    ahead = timezone.now() + timedelta(days=400)
    quota = Quota.objects.create(user=caller.user, limit=30, used=30, period=period, period_start=ahead)
    assert quotas.used_now(quota) == 0
    settle(reserve(caller), done(10, 2))
    quota.refresh_from_db()
    assert (quota.used, quota.period_start < timezone.now()) == (12, True)


def test_within_the_period_nothing_is_forgiven(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=30, used=30)
    with pytest.raises(QuotaExceeded):
        reserve(caller)


def test_a_call_over_the_turn_of_a_period_counts_in_the_new_one(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100, used=50)
    call_id = reserve(caller)
    Quota.objects.update(period_start=timezone.now() - timedelta(days=32))
    settle(call_id, done(10, 2))
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
    with pytest.raises(QuotaExceeded, match="Alice: 1 token an hour") as refused:
        reserve(caller)
    assert 1 <= (refused.value.retry_after or 0) <= 3600


def test_without_max_tokens_the_usual_answer_is_held(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=10_000)
    for tokens in range(1, 101):
        settle(reserve(caller), done(0, tokens))
    reserve(caller, Estimate(10, None))
    quota.refresh_from_db()
    assert quota.reserved == 10 + 90


def test_several_answers_are_held_for(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    reserve(caller, Estimate(10, 20, answers=4))
    quota.refresh_from_db()
    assert quota.reserved == 90


def test_a_deployment_that_never_answered_is_given_a_guess(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=10_000)
    reserve(caller, Estimate(10, None))
    quota.refresh_from_db()
    assert quota.reserved == 10 + quotas.UNKNOWN_OUTPUT


def test_an_inactive_person_calls_nothing(caller: Caller, wren: Deployment) -> None:
    User.objects.filter(pk=caller.user.pk).update(is_active=False)
    with pytest.raises(NotAllowed):
        reserve(caller)


def test_a_model_withdrawn_since_is_called_by_nobody(caller: Caller, wren: Deployment) -> None:
    Upstream.objects.update(is_active=False)
    with pytest.raises(UnknownModel):
        reserve(caller)


def test_a_key_revoked_since_calls_nothing(caller: Caller, wren: Deployment) -> None:
    key, _ = ApiKey.create(caller.user, "script")
    key.revoke()
    with pytest.raises(NotAllowed):
        reserve(Caller(caller.user, key))


def test_the_sweep_names_a_model_that_was_removed_meanwhile(caller: Caller, wren: Deployment) -> None:
    settle(reserve(caller), done(1, 1))
    reserve(caller)
    wren.delete()
    assert settling.sweep(timezone.now() + 2 * LEASE) == 1
    assert set(Usage.objects.values_list("model", flat=True)) == {"wren"}


def test_the_sweep_settles_what_its_process_left(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    call_id = reserve(caller)
    renew(call_id, 4)
    assert settling.sweep() == 0
    assert settling.sweep(timezone.now() + 2 * LEASE) == 1
    quota.refresh_from_db()
    usage = Usage.objects.get(pk=call_id)
    assert (quota.used, quota.reserved) == (14, 0)
    assert (usage.status, usage.estimated, usage.output_tokens) == (Usage.Status.ABORTED, True, 4)


def test_a_call_of_a_machine_that_was_away_for_a_month_is_settled(caller: Caller, wren: Deployment) -> None:
    reserve(caller)
    began = timezone.now() - timedelta(days=31)
    Call.objects.update(started_at=began, admitted_at=began, lease_until=began + LEASE)
    assert settling.sweep() == 1


def test_a_call_that_cannot_be_settled_keeps_no_other_from_it(
    caller: Caller, wren: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = reserve(caller), reserve(caller)
    cost = {broken: 2**70}
    settlement = settling.settlement
    monkeypatch.setattr(settling, "settlement", lambda id, *told: settlement(id, *told) | {"cost": cost.get(id, 0)})
    assert settling.sweep(timezone.now() + 2 * LEASE) == 1
    assert (Call.objects.get().pk, Usage.objects.get().pk) == (broken, whole)


def test_a_quota_removed_meanwhile_is_no_hindrance(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=100)
    call_id = reserve(caller)
    quota.delete()
    assert settle(call_id, done(1, 1))


def test_usage_outlives_the_person_and_the_model(caller: Caller, wren: Deployment) -> None:
    call_id = reserve(caller)
    caller.user.delete()
    wren.delete()
    assert settle(call_id, done(1, 2))
    assert [usage.user for usage in Usage.objects.select_related("user")] == [None]


def test_money_is_held_and_counted_by_the_price(caller: Caller, wren: Deployment) -> None:
    Deployment.objects.update(input_price=2, output_price="0.5")
    quota = Quota.objects.create(user=caller.user, limit=100, unit=Quota.Unit.COST)
    call_id = reserve(caller)
    quota.refresh_from_db()
    assert quota.reserved == 10 * 2 + 20 / 2
    settle(call_id, done(10, 5))
    quota.refresh_from_db()
    assert (quota.used, Usage.objects.get().cost) == (23, 23)


def test_money_is_held_for_the_one_of_a_name_that_this_call_is_dearest_at(caller: Caller, wren: Deployment) -> None:
    Deployment.objects.update(output_price=10, priority=1)
    Deployment.objects.create(upstream=wren.upstream, name="wren", model="other", input_price=100, output_price=9)
    Quota.objects.create(limit=1000, unit=Quota.Unit.COST, period=Quota.Period.TOTAL)
    with pytest.raises(QuotaExceeded):
        reserve(caller, Estimate(1000, 10))


def test_however_large_a_limit_is_calls_are_settled(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(limit=2**63 - 1)
    assert settle(reserve(caller), done(1, 1))


def test_energy_is_the_servers_power_over_the_time_it_took(caller: Caller, wren: Deployment) -> None:
    Upstream.objects.update(watts=360)
    quota = Quota.objects.create(limit=1000, unit=Quota.Unit.ENERGY)
    settle(reserve(caller), done(1, 1, duration_ms=2000))
    quota.refresh_from_db()
    assert (quota.used, Usage.objects.get().energy) == (200, 200)  # 360 W for 2 s are 0.2 Wh
    reserve(caller)
    quota.refresh_from_db()
    assert quota.reserved == 200  # what such calls usually take


def test_calls_at_once_are_limited_and_freed(caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=1, unit=Quota.Unit.PARALLEL)
    call_id = reserve(caller)
    with pytest.raises(RateLimited) as refused:
        reserve(caller)
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    settle(call_id, done(1, 1))
    reserve(caller)


def test_a_soft_quota_warns_and_refuses_nothing(caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(limit=10, is_hard=False, warn_at=50)
    settle(reserve(caller), done(500, 500))
    quota.refresh_from_db()
    warned = quota.warned_at
    settle(reserve(caller), done(5, 5))
    quota.refresh_from_db()
    assert (quota.used, quota.warned_at) == (1010, warned) and warned


def test_of_calls_that_end_at_once_one_tells_of_a_warning_mark(caller: Caller, wren: Deployment) -> None:
    mine, everyones = Quota.objects.create(limit=10, user=caller.user), Quota.objects.create(limit=10, is_hard=False)
    other = Caller(User.objects.create_user("bob@example.org"))
    under_way = [reserve(who, Estimate(1, 1)) for who in (other, caller, caller, other)]
    ended = [settling.settlement(call, wren, done(9, 9)) for call in under_way]
    told = [quota for result in ledger.book_now(ended) if result for quota in result["warned"]]
    assert sorted(told) == [mine.pk, everyones.pk]


def test_an_exhausted_deployment_is_passed_over_for_another(caller: Caller, wren: Deployment) -> None:
    other = Deployment.objects.create(upstream=wren.upstream, name="wren", model="other", priority=1)
    quota = Quota.objects.create(deployment=wren, limit=29)
    call = call_of(caller)
    assert reserved(call)["deployment"] == other.pk
    settle(call.id, done(5, 5))
    quota.refresh_from_db()
    assert (quota.used, quota.reserved) == (0, 0)


@pytest.mark.parametrize("unit", [Quota.Unit.PARALLEL, Quota.Unit.TOKENS])
def test_a_call_holds_nothing_of_a_deployment_that_does_not_answer_it(
    caller: Caller, wren: Deployment, unit: Quota.Unit
) -> None:
    Deployment.objects.update(slots=1)
    other = Deployment.objects.create(upstream=wren.upstream, name="wren", model="other", slots=1)
    for deployment in (wren, other):
        Quota.objects.create(deployment=deployment, limit=1 if unit == Quota.Unit.PARALLEL else 30, unit=unit)
    assert {reserved(call_of(caller))["deployment"] for _ in range(2)} == {wren.pk, other.pk}


def test_a_deployments_quota_counts_its_own_answers_only(caller: Caller, wren: Deployment) -> None:
    other = Deployment.objects.create(upstream=wren.upstream, name="wren", model="other", priority=1)
    quotas_of = [Quota.objects.create(deployment=deployment, limit=100) for deployment in (wren, other)]
    settle(reserve(caller), done(5, 5))
    assert [Quota.objects.get(pk=quota.pk).used for quota in quotas_of] == [10, 0]
    assert set(Quota.objects.values_list("reserved", flat=True)) == {0}


def test_the_hour_and_the_day_are_summed_in_step(caller: Caller, wren: Deployment) -> None:
    for _ in range(3):
        settle(reserve(caller), done(5, 2))
    sums = UsageTotal.objects.values_list("span", "calls", "input_tokens", "output_tokens")
    assert sorted(sums) == [("day", 3, 15, 6), ("hour", 3, 15, 6)]
