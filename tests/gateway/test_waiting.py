"""Callers in line, through the whole stack: places told, slots handed on, places freed."""

import asyncio
import concurrent.futures
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.utils import timezone

from accounts.models import Team, User
from gateway import callers, completions, exceptions, fresh, leases, settling
from gateway.callers import Caller, by_secret
from gateway.database import in_database
from gateway.leases import Place
from gateway.models import ApiKey, Call, Deployment, Occupancy, Purpose, Quota, ServerHours, Upstream, Usage
from tests.fake_upstream import FakeUpstream
from tests.gateway.serving import as_process

QUESTION: dict[str, Any] = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}], "max_tokens": 20}


@pytest.fixture
def one_slot(aviary: Upstream) -> Upstream:
    Deployment.objects.update(slots=1)
    return aviary


async def ask(caller: Caller, places: list[Place] | None = None) -> str:
    told = places.append if places is not None else lambda place: place.seconds / 5
    pieces = completions.stream(caller, QUESTION, purpose=Purpose.CHAT, on_wait=told)
    return "".join([c["delta"].get("content") or "" async for piece in pieces for c in piece["choices"]])


async def busy(fake_upstream: FakeUpstream, caller: Caller, seconds: float) -> "asyncio.Task[str]":
    fake_upstream.reply("eins zwei", delay=seconds / 2)
    task = asyncio.create_task(ask(caller))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls)
    return task


async def test_who_waits_is_told_the_place_and_served_when_the_slot_is_free(
    caller: Caller, one_slot: Upstream, fake_upstream: FakeUpstream
) -> None:
    first, places = await busy(fake_upstream, caller, 0.6), list[Place]()
    began = time.monotonic()
    assert await ask(caller, places)
    assert places[0] == Place(1, 5.0)
    assert 0.3 < time.monotonic() - began < 2  # by the notification, not by the next look a second later
    assert [row.queued_ms > 300 async for row in Usage.objects.order_by("queued_ms")] == [False, True]
    await first


async def test_who_leaves_the_line_leaves_nothing_behind(
    caller: Caller, one_slot: Upstream, fake_upstream: FakeUpstream
) -> None:
    first = await busy(fake_upstream, caller, 1)
    waiting = asyncio.create_task(ask(caller))
    await in_database(fake_upstream.wait_for, lambda _: Call.objects.count() == 2)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await Call.objects.acount() == 1
    await first
    assert len(fake_upstream.calls) == 1
    assert [row.running async for row in Occupancy.objects.all()] == [0, 0]


async def test_nobody_is_served_who_lost_the_right_in_line(
    caller: Caller, one_slot: Upstream, fake_upstream: FakeUpstream
) -> None:
    first = await busy(fake_upstream, caller, 20)
    waiting = asyncio.create_task(ask(caller))
    await in_database(fake_upstream.wait_for, lambda _: Call.objects.count() == 2)
    parrot = await Deployment.objects.aget(name="parrot")
    await parrot.teams.aadd(await Team.objects.acreate(name="finches"))  # for them alone from now on
    with pytest.raises(exceptions.UnknownModel):
        await asyncio.wait_for(waiting, 15)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_a_fault_with_one_call_keeps_the_others_watched_and_renewed(
    caller: Caller, one_slot: Upstream, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOOK", 0.1)
    first = await busy(fake_upstream, caller, 20)
    keeping, waiting = leases.of_this_loop(), asyncio.create_task(ask(caller))
    await in_database(fake_upstream.wait_for, lambda _: keeping.waiting)
    monkeypatch.setattr(keeping.waiting[next(iter(keeping.waiting))], "tell", lambda place: 1 / 0)
    monkeypatch.setattr("gateway.calls.standing", lambda caller: 1 / 0)
    await asyncio.sleep(0.5)
    assert not keeping.is_over and keeping.watching and not keeping.watching.done()
    for task in (first, waiting):
        task.cancel()
    await asyncio.gather(first, waiting, return_exceptions=True)


async def test_a_call_that_was_given_up_by_the_sweep_ends(
    caller: Caller, aviary: Upstream, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LOOK", 0.1)
    monkeypatch.setattr(leases, "RENEWAL", 600)
    fake_upstream.reply("piep " * 400, delay=0.05)
    task = asyncio.create_task(ask(caller))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls and server.calls[0].tokens_sent > 2)
    await Call.objects.aupdate(lease_until=timezone.now() - timedelta(minutes=1))
    assert await in_database(settling.sweep) == 1
    monkeypatch.setattr(leases, "RENEWAL", 0)
    with pytest.raises(exceptions.BooksUnavailable):
        await asyncio.wait_for(task, 10)


@pytest.fixture
def second(aviary: Upstream) -> Iterator[FakeUpstream]:
    """Another server of the same name, asked when the first has failed; it has one slot."""
    with FakeUpstream() as server:
        upstream = Upstream.objects.create(name="second", base_url=server.url)
        Deployment.objects.create(upstream=upstream, name="parrot", model="parrot-2", priority=1, slots=1)
        yield server


async def test_who_leaves_the_line_after_a_move_pays_nothing(
    caller: Caller, second: FakeUpstream, fake_upstream: FakeUpstream
) -> None:
    quota = await Quota.objects.acreate(limit=10_000)
    await Occupancy.objects.filter(deployment__model="parrot-2").aupdate(running=1)
    fake_upstream.fail(500)
    waiting = asyncio.create_task(ask(caller))
    await in_database(fake_upstream.wait_for, lambda _: Call.objects.filter(admitted_at=None).exists())
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await quota.arefresh_from_db()
    assert (quota.used, quota.reserved, second.calls) == (0, 0, [])


async def test_a_late_word_of_an_admission_is_none_of_another_servers(
    caller: Caller, second: FakeUpstream, fake_upstream: FakeUpstream
) -> None:
    """The call was admitted at the first server, which failed, and stands in line before the second."""
    await Occupancy.objects.filter(deployment__model="parrot-2").aupdate(running=1)
    fake_upstream.fail(500)
    task = asyncio.create_task(ask(caller))
    keeping = leases.of_this_loop()
    await in_database(fake_upstream.wait_for, lambda _: keeping.waiting)
    first = await Deployment.objects.aget(model="parrot")
    next(iter(keeping.waiting.values())).admitted.set_result(first.pk)
    await asyncio.sleep(0.2)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("may_be_woken", [True, False])
async def test_a_call_that_moves_to_a_server_asleep_wakes_it_or_ends(
    caller: Caller, second: FakeUpstream, fake_upstream: FakeUpstream, may_be_woken: bool
) -> None:
    upstream = await Upstream.objects.aget(name="second")
    hours = await ServerHours.objects.acreate(upstream=upstream, state="asleep", wakes_on_demand=may_be_woken)
    await Occupancy.objects.filter(deployment__model="parrot-2").aupdate(is_awake=False)
    fake_upstream.fail(500)
    task = asyncio.create_task(ask(caller))
    if may_be_woken:
        await in_database(fake_upstream.wait_for, lambda _: ServerHours.objects.get(pk=hours.pk).state == "waking")
        task.cancel()
    with pytest.raises(asyncio.CancelledError if may_be_woken else exceptions.UpstreamError):
        await asyncio.wait_for(task, 10)


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "switched off"])
async def test_nobody_waits_for_what_is_no_longer_offered(
    caller: Caller, one_slot: Upstream, fake_upstream: FakeUpstream, is_deleted: bool
) -> None:
    first = await busy(fake_upstream, caller, 20)
    keeping, waiting = leases.of_this_loop(), asyncio.create_task(ask(caller))
    await in_database(fake_upstream.wait_for, lambda _: Call.objects.count() == 2)
    parrot = Deployment.objects.filter(name="parrot")
    await (parrot.adelete() if is_deleted else parrot.aupdate(is_active=False))
    with pytest.raises(exceptions.UnknownModel):
        await asyncio.wait_for(waiting, 15)
    assert not keeping.is_over
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert (await Call.objects.acount(), len(fake_upstream.calls)) == (0, 1)


async def test_a_full_line_refuses_and_says_when_to_come_back(
    caller: Caller, one_slot: Upstream, fake_upstream: FakeUpstream
) -> None:
    await Deployment.objects.aupdate(queue_limit=0)
    first = await busy(fake_upstream, caller, 0.4)
    with pytest.raises(exceptions.LineFull) as refused:
        await ask(caller)
    assert refused.value.retry_after == 5
    await first


async def test_a_lost_notification_costs_a_second_at_most(
    caller: Caller, one_slot: Upstream, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.leases.Leases._listen", lambda self: asyncio.sleep(60))
    first = await busy(fake_upstream, caller, 0.4)
    began = time.monotonic()
    assert await ask(caller)
    assert time.monotonic() - began < 3
    await first


def test_the_line_is_one_over_all_processes(
    one_slot: Upstream, fake_upstream: FakeUpstream, secret: str, alice: User
) -> None:
    for _ in range(8):
        fake_upstream.reply("eins zwei", delay=0.1)
    with as_process() as (one, _), as_process() as (two, _), concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda address: posted(address, secret), [one, two] * 4))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert max_at_once(fake_upstream) == 1
    waited = sorted(int(answer.headers["x-voliere-queue-ms"]) for answer in answers)
    assert waited[0] < 200 < waited[-1]
    assert sum("x-voliere-queue-place" in answer.headers for answer in answers) == 7


def posted(address: str, secret: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.post(f"{address}/v1/chat/completions", json=QUESTION, headers=headers, timeout=60)


def max_at_once(server: FakeUpstream) -> int:
    changes = [(call.began_at, 1) for call in server.calls] + [(call.ended_at or 0, -1) for call in server.calls]
    at_once, most = 0, 0
    for _, change in sorted(changes):
        at_once += change
        most = max(most, at_once)
    return most


async def test_a_server_hears_of_a_revoked_key_at_once(
    caller: Caller, aviary: Upstream, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "SECONDS", 2.0)
    leases.of_this_loop().listen()
    await asyncio.sleep(0.5)
    assert (await by_secret(secret)).api_key
    key = await ApiKey.objects.aget()
    await in_database(key.revoke)
    await asyncio.sleep(0.2)
    with pytest.raises(exceptions.NotAuthenticated):
        await by_secret(secret)


async def test_what_leaves_the_house_gets_nothing_confidential_any_more(
    caller: Caller, aviary: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "SECONDS", 2.0)
    await Upstream.objects.aupdate(in_house=True)
    leases.of_this_loop().listen()
    await asyncio.sleep(0.5)
    shy = Caller(caller.user, None, keeps_in_house=True)
    assert await ask(shy)
    await Upstream.objects.aupdate(in_house=False)
    await asyncio.sleep(0.2)
    with pytest.raises(exceptions.NotInHouse):
        await ask(shy)


async def test_what_only_counts_is_no_change(caller: Caller, aviary: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "SECONDS", 2.0)
    await Quota.objects.acreate(limit=1000)
    leases.of_this_loop().listen()
    await asyncio.sleep(0.5)
    await ask(caller)
    known = dict(callers.standings.known)
    await ask(caller)
    await asyncio.sleep(0.3)
    assert known and callers.standings.known == known
