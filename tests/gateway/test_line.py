"""Who is served when a model has no free slot: fairly between people, interactive first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, Team, User
from gateway import settling
from gateway.callers import Caller
from gateway.exceptions import LineFull
from gateway.models import Call, Deployment, Occupancy, Purpose, Quota, Upstream, Usage
from tests.gateway.booking import call_of, done, move, renew, reserve, reserved, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def wren(db: None) -> Deployment:
    upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1")
    return Deployment.objects.create(upstream=upstream, name="wren", model="wren", slots=1, queue_limit=4)


@pytest.fixture
def people(alice: User, bob: User, charlie: User) -> list[Caller]:
    return [Caller(alice), Caller(bob), Caller(charlie)]


def served_in_turn(names: dict[object, str], count: int) -> list[str]:
    """End the call that runs, again and again, and write down whose comes next."""
    order = []
    for _ in range(count):
        settle(Call.objects.exclude(admitted_at=None).get().pk, done(1, 1, duration_ms=1000))
        running = Call.objects.exclude(admitted_at=None).get()
        order.append(names[running.pk])
    return order


def test_who_finds_a_free_slot_does_not_wait(people: list[Caller], wren: Deployment) -> None:
    assert reserved(call_of(people[0]))["state"] == "admitted"


def test_the_next_one_waits_and_is_told_where(people: list[Caller], wren: Deployment) -> None:
    reserve(people[0])
    found = reserved(call_of(people[1]))
    assert (found["state"], found["place"], found["seconds"]) == ("waiting", 1, 5.0)


def test_a_greedy_caller_waits_behind_everybody_elses_first(people: list[Caller], wren: Deployment) -> None:
    alice, bob, charlie = people
    Deployment.objects.update(queue_limit=20)
    names: dict[object, str] = {reserve(alice): "alice"}
    names |= {reserve(alice): f"alice {number}" for number in range(3)}
    names |= {reserve(bob): "bob", reserve(charlie): "charlie"}
    assert served_in_turn(names, 5) == ["bob", "charlie", "alice 0", "alice 1", "alice 2"]


def test_people_come_before_batches_and_these_before_ingestion(people: list[Caller], wren: Deployment) -> None:
    alice, bob, charlie = people
    reserve(charlie)
    names: dict[object, str] = {reserve(alice, purpose=Purpose.INGESTION): "ingestion"}
    names[reserve(bob, purpose=Purpose.BATCH)] = "batch"
    names[reserve(charlie, purpose=Purpose.CHAT)] = "person"
    assert served_in_turn(names, 3) == ["person", "batch", "ingestion"]


def test_a_team_with_more_weight_is_served_more_often(people: list[Caller], wren: Deployment) -> None:
    alice, bob, charlie = people
    Membership.objects.create(user=bob.user, team=Team.objects.create(name="hotline", weight=3))
    Deployment.objects.update(queue_limit=50)
    names: dict[object, str] = {reserve(charlie): "charlie"}
    for _ in range(8):
        names |= {reserve(alice): "alice", reserve(bob): "bob"}
    assert 5 <= served_in_turn(names, 8).count("bob") <= 7


def test_a_call_that_leaves_the_line_frees_its_place(people: list[Caller], wren: Deployment) -> None:
    reserve(people[0])
    leaving = reserve(people[1])
    last = reserve(people[2])
    assert (renew(last) or {})["place"] == 2
    settle(leaving, done(0, 0))
    assert (renew(last) or {})["place"] == 1
    assert Usage.objects.get().deployment_id is None


def test_the_line_has_an_end_but_a_place_for_everyone(people: list[Caller], wren: Deployment) -> None:
    alice, bob, _ = people
    for _ in range(5):
        reserve(alice)
    with pytest.raises(LineFull) as full:
        reserve(alice)
    assert (full.value.status, full.value.retry_after) == (503, 25)
    assert reserved(call_of(bob))["state"] == "waiting"
    with pytest.raises(LineFull):
        reserve(bob)


def test_ingestion_takes_no_place_from_people(people: list[Caller], wren: Deployment) -> None:
    for _ in range(5):
        reserve(people[0], purpose=Purpose.INGESTION)
    assert reserved(call_of(people[0]))["state"] == "waiting"


def test_a_dead_callers_place_is_passed_over(people: list[Caller], wren: Deployment) -> None:
    running, dead = reserve(people[0]), reserve(people[1])
    alive = reserve(people[2])
    Call.objects.filter(pk=dead).update(lease_until=timezone.now() - timedelta(seconds=1))
    settle(running, done(1, 1))
    assert Call.objects.exclude(admitted_at=None).get().pk == alive


def test_slots_added_meanwhile_are_taken(people: list[Caller], wren: Deployment) -> None:
    reserve(people[0])
    waiting = reserve(people[1])
    Deployment.objects.update(slots=2)
    assert renew(waiting) == {"state": "admitted", "deployment": wren.pk}
    assert Occupancy.objects.get().running == 2


@pytest.mark.parametrize("switched_off", [Deployment, Upstream])
def test_what_is_switched_off_is_given_to_nobody_in_line(
    people: list[Caller], wren: Deployment, switched_off: type[Deployment | Upstream]
) -> None:
    running, waiting = reserve(people[0]), reserve(people[1])
    switched_off.objects.update(is_active=False)
    settle(running, done(1, 1))
    assert Call.objects.get().pk == waiting and Call.objects.get().admitted_at is None
    switched_off.objects.update(is_active=True)
    assert renew(waiting) == {"state": "admitted", "deployment": wren.pk}


def test_who_was_just_admitted_keeps_the_slot_whatever_was_on_its_way(people: list[Caller], wren: Deployment) -> None:
    first, waiting = reserve(people[0]), reserve(people[1])
    settle(first, done(1, 1))
    renew(waiting)  # sent while it was in line
    assert Call.objects.get().lease_until - timezone.now() > timedelta(seconds=20)


def test_who_was_in_line_holds_for_its_own_server_only(people: list[Caller], wren: Deployment) -> None:
    other = Deployment.objects.create(upstream=wren.upstream, name="wren", model="other", slots=1)
    quotas = [Quota.objects.create(deployment=each, limit=3, unit=Quota.Unit.PARALLEL) for each in (wren, other)]
    running = [reserve(people[0]), reserve(people[0])]
    waiting = reserve(people[1])
    settle(running[0], done(1, 1))
    renew(waiting)
    assert [Quota.objects.get(pk=quota.pk).reserved for quota in quotas] == [1, 1]


def test_a_model_that_is_deleted_is_no_fault_of_those_in_line(people: list[Caller], wren: Deployment) -> None:
    reserve(people[0])
    waiting, late = reserve(people[1]), call_of(people[2])
    wren.delete()
    assert (renew(waiting) or {"seconds": 0})["seconds"] == 0
    with pytest.raises(LineFull):
        reserved(late)


def test_calls_of_one_name_go_where_least_is_going_on(people: list[Caller], wren: Deployment) -> None:
    Deployment.objects.update(slots=None)
    Deployment.objects.create(upstream=wren.upstream, name="wren", model="wren-2", slots=None, weight=3)
    for _ in range(8):
        reserve(people[0])
    assert sorted(Occupancy.objects.values_list("running", flat=True)) == [2, 6]


def test_a_lower_rank_is_full_before_a_higher_is_asked(people: list[Caller], wren: Deployment) -> None:
    spare = Deployment.objects.create(upstream=wren.upstream, name="wren", model="spare", slots=5, priority=1)
    found = [reserved(call_of(people[0]))["deployment"] for _ in range(3)]
    assert found == [wren.pk, spare.pk, spare.pk]


def test_one_in_line_takes_whichever_is_free_first(people: list[Caller], wren: Deployment) -> None:
    other = Deployment.objects.create(upstream=wren.upstream, name="wren", model="other", slots=1)
    first, second = reserve(people[0]), reserve(people[0])
    waiting = reserve(people[1])
    of_other = Call.objects.get(deployment=other)
    settle(of_other.pk, done(1, 1))
    assert of_other.pk in (first, second)
    assert Call.objects.get(pk=waiting).deployment_id == other.pk


def test_a_call_that_moves_gives_its_slot_to_the_line(people: list[Caller], wren: Deployment) -> None:
    moving = call_of(people[0])
    reserved(moving)
    other = Deployment.objects.create(upstream=wren.upstream, name="other", model="other", slots=1)
    waiting = reserve(people[1])
    assert move(moving, other) == {"state": "admitted", "deployment": other.pk, "left": []}
    assert Call.objects.get(pk=waiting).deployment_id == wren.pk


def test_a_call_that_moves_is_alive(people: list[Caller], wren: Deployment) -> None:
    moving = call_of(people[0])
    reserved(moving)
    other = Deployment.objects.create(upstream=wren.upstream, name="other", model="other", slots=1)
    Call.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    move(moving, other)
    assert settling.sweep() == 0
