"""Servers that sleep: started and stopped by a scripted hook, with a clock that goes when it is told to."""

import asyncio
import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openai
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from accounts.roles import Role
from gateway import completions, rounds
from gateway.callers import Caller
from gateway.exceptions import Asleep, HookFailed
from gateway.hours import hooks, tending, waking
from gateway.models import Call, Deployment, Occupancy, Purpose, ServerHours, Upstream, Usage
from tests.fake_upstream import FakeUpstream
from tests.gateway import dialects
from tests.gateway.scripted import Scripted
from tests.gateway.test_energy_report import form_of, panel_of, upstream_page

MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)  # 8:00 in Berlin
OFFICE = ["08:00-18:00"] * 5 + ["", ""]
NEVER, ALWAYS = [""] * 7, ["00:00-24:00"] * 7
State = ServerHours.State


@pytest.fixture
def hook() -> Iterator[Scripted]:
    with Scripted() as server:
        yield server


@pytest.fixture
def hours(aviary: Upstream, hook: Scripted) -> ServerHours:
    return ServerHours.objects.create(
        upstream=aviary, week=OFFICE, start_url=f"{hook.url}/start", stop_url=f"{hook.url}/stop",
        authorization="Bearer hook", state=State.ASLEEP, since=MONDAY - timedelta(days=2), wakes_on_demand=False,
    )  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def at(self, text: str) -> None:
        """Of that Monday in UTC, and a round."""
        self.now = datetime.combine(MONDAY.date(), datetime.strptime(text, "%H:%M").time(), UTC)
        tending.tend_all()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, hours: ServerHours) -> Clock:
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    Upstream.objects.update(created_at=MONDAY - timedelta(days=9))
    return clock


def now_is(hours: ServerHours) -> str:
    hours.refresh_from_db()
    is_open = set(Occupancy.objects.filter(deployment__upstream=hours.upstream_id).values_list("is_awake", flat=True))
    assert is_open == {hours.state == State.AWAKE}, "the ledger knows otherwise"
    return str(hours.state)


def put(hours: ServerHours, state: State, **more: object) -> None:
    ServerHours.objects.filter(pk=hours.pk).update(state=state, **more)
    Occupancy.objects.update(is_awake=state == State.AWAKE)


def asked(hook: Scripted) -> list[str]:
    return [path for _method, path, _headers, _body in hook.asked]


# --- the rounds --------------------------------------------------------------------------------------------------


def test_a_day_of_a_server(hours: ServerHours, clock: Clock, hook: Scripted, fake_upstream: FakeUpstream) -> None:
    put(hours, State.ASLEEP)
    fake_upstream.models_status = 503
    clock.at("06:59")
    assert (now_is(hours), asked(hook)) == ("asleep", [])
    clock.at("07:00")
    assert (now_is(hours), asked(hook)) == ("waking", ["/start"])
    clock.at("07:01")
    assert (now_is(hours), asked(hook)) == ("waking", ["/start"])  # still loading
    fake_upstream.models_status = 200
    clock.at("07:03")
    assert now_is(hours) == "awake"
    assert hours.wakes == [180]  # seconds, learned
    clock.at("12:00")
    assert now_is(hours) == "awake"  # nobody asks, and that is no reason within its hours
    clock.at("17:00")
    assert (now_is(hours), asked(hook)) == ("asleep", ["/start", "/stop"])
    method, _path, headers, body = hook.asked[0]
    assert (method, headers["authorization"]) == ("POST", "Bearer hook")
    assert json.loads(body) == {"action": "start", "server": "aviary"}


@pytest.mark.parametrize("is_in_line", [True, False])
def test_it_is_not_stopped_while_calls_run_or_wait(
    hours: ServerHours, clock: Clock, parrot: Deployment, is_in_line: bool
) -> None:
    put(hours, State.AWAKE)
    call = Call.objects.create(
        deployment=None if is_in_line else parrot, candidates=[parrot.pk], purpose="chat", input_tokens=1,
        started_at=MONDAY, admitted_at=None if is_in_line else MONDAY, lease_until=MONDAY + timedelta(days=1),
    )  # fmt: skip
    clock.at("17:00")
    assert now_is(hours) == "awake"
    call.delete()
    clock.at("17:01")
    assert now_is(hours) == "asleep"


def test_it_is_not_stopped_while_documents_wait(hours: ServerHours, clock: Clock) -> None:
    put(hours, State.AWAKE)
    clock.now = MONDAY + timedelta(hours=10)
    tending.tend_all(lambda deployments: bool(deployments))
    assert now_is(hours) == "awake"


def test_it_is_stopped_when_nobody_asks_and_sleeps_until_somebody_does(
    hours: ServerHours, clock: Clock, parrot: Deployment, hook: Scripted
) -> None:
    put(hours, State.AWAKE, idle_minutes=30, wakes_on_demand=True)
    Usage.objects.create(
        id="00000000-0000-0000-0000-000000000001", deployment=parrot, purpose="chat", status="done", input_tokens=1,
        output_tokens=1, started_at=MONDAY, duration_ms=60_000,
    )  # fmt: skip
    clock.at("07:30")
    assert now_is(hours) == "awake"  # the call ended at 7:01
    clock.at("07:31")
    assert now_is(hours) == "asleep"
    clock.at("09:00")
    assert now_is(hours) == "asleep"  # it has hours now, but is not needed
    waking.wake(hours.pk)
    clock.at("09:01")
    assert asked(hook) == ["/stop", "/start"]


def test_who_was_woken_at_night_is_stopped_after_a_quarter_of_an_hour(hours: ServerHours, clock: Clock) -> None:
    put(hours, State.ASLEEP, wakes_on_demand=True)
    clock.at("20:00")
    waking.wake(hours.pk)
    clock.at("20:01")
    clock.at("20:02")
    assert now_is(hours) == "awake"
    clock.at("20:16")
    assert now_is(hours) == "awake"
    clock.at("20:17")
    assert now_is(hours) == "asleep"


# --- hooks that fail ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 401, 500])
def test_a_start_that_fails_says_why_and_is_tried_again_later(
    hours: ServerHours, clock: Clock, hook: Scripted, status: int
) -> None:
    hook.status = status
    clock.at("07:00")
    assert now_is(hours) == "asleep"
    assert str(status) in hours.problem
    clock.at("07:09")
    assert len(hook.asked) == 1
    hook.status = 200
    clock.at("07:10")
    assert (now_is(hours), hours.problem, len(hook.asked)) == ("waking", "", 2)


def test_a_stop_that_fails_leaves_it_awake(hours: ServerHours, clock: Clock, hook: Scripted) -> None:
    put(hours, State.AWAKE)
    hook.status = 500
    clock.at("17:00")
    assert (now_is(hours), "500" in hours.problem) == ("awake", True)
    clock.at("17:05")
    assert len(hook.asked) == 1
    hook.status = 200
    clock.at("17:10")
    assert now_is(hours) == "asleep"


def test_a_server_that_does_not_come_up_is_given_up(
    hours: ServerHours, clock: Clock, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.models_status = 503
    clock.at("07:00")
    clock.at("07:14")
    assert now_is(hours) == "waking"
    clock.at("07:15")
    assert now_is(hours) == "asleep"
    assert "14" in hours.problem


def test_one_that_lists_its_models_and_still_loads_them_is_not_awake(hours: ServerHours, clock: Clock) -> None:
    with dialects.Server({"GET /health": 503}, {"id": "wren"}) as llama:
        Upstream.objects.update(base_url=llama.url)
        clock.at("07:00")
        clock.at("07:01")
        assert now_is(hours) == "waking"
        llama.answers["GET /health"] = {"status": "ok"}
        clock.at("07:02")
        assert now_is(hours) == "awake"


def test_a_hook_whose_caller_was_killed_is_called_again(hours: ServerHours, clock: Clock, hook: Scripted) -> None:
    put(hours, State.WAKING, since=MONDAY, hooked_at=MONDAY + timedelta(seconds=100))
    clock.at("07:02")
    assert (now_is(hours), hook.asked) == ("awake", [])  # its call had got through
    put(hours, State.WAKING, since=MONDAY, hooked_at=MONDAY)
    clock.at("07:04")
    assert asked(hook) == ["/start"]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_calls_the_hook(hours: ServerHours, hook: Scripted) -> None:
    put(hours, State.ASLEEP, wakes_on_demand=True, week=NEVER)

    def everything(_: int) -> None:
        try:
            waking.wake(hours.pk)
            tending.tend(hours.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(everything, range(8)))
    assert asked(hook) == ["/start"]


# --- commands ----------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, settings: Settings) -> Path:
    file = tmp_path / "gpu"
    file.write_text(f'#!/bin/sh\necho "$# $1 $SECRET_KEY" >> {tmp_path}/said\n[ "$1" = start ] || exit 3\n')
    file.chmod(stat.S_IRWXU)
    settings.HOOK_COMMANDS = [str(file)]
    return file


def test_a_command_that_the_configuration_allows_gets_one_word_and_no_secret(hours: ServerHours, command: Path) -> None:
    os.environ.setdefault("SECRET_KEY", "geheim")
    hours.hook, hours.command = "command", str(command)
    hooks.call(hours, hooks.Action.START)
    assert (command.parent / "said").read_text() == "1 start \n"
    with pytest.raises(HookFailed, match="3"):
        hooks.call(hours, hooks.Action.STOP)


@pytest.mark.parametrize("text", ["/bin/sh", "{} start; id", "{}\n", "", "$(id)", "../gpu"])
def test_no_other_command_is_run(hours: ServerHours, command: Path, text: str) -> None:
    hours.hook, hours.command = "command", text.replace("{}", str(command))
    with pytest.raises(HookFailed):
        hooks.call(hours, hooks.Action.START)
    assert not (command.parent / "said").exists()


def test_a_command_that_is_not_there_is_a_failure_and_no_crash(hours: ServerHours, settings: Settings) -> None:
    settings.HOOK_COMMANDS = ["/nowhere/gpu"]
    hours.hook, hours.command = "command", "/nowhere/gpu"
    with pytest.raises(HookFailed):
        hooks.call(hours, hooks.Action.START)


# --- who needs it ------------------------------------------------------------------------------------------------


def ask(caller: Caller) -> "asyncio.Task[dict[str, object]]":
    body = {"model": "parrot", "messages": [{"role": "user", "content": "Hello?"}]}
    return asyncio.create_task(completions.complete(caller, body, purpose=Purpose.API))


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not await sync_to_async(condition)():  # noqa: ASYNC110  (rows tell nobody)
            await asyncio.sleep(0.05)


async def test_a_call_wakes_the_server_stands_in_line_and_is_answered(
    hours: ServerHours, hook: Scripted, caller: Caller, fake_upstream: FakeUpstream
) -> None:
    await sync_to_async(put)(hours, State.ASLEEP, wakes_on_demand=True, week=NEVER)
    first, second = ask(caller), ask(caller)
    await until(lambda: ServerHours.objects.filter(state="waking").exists() and Call.objects.count() == 2)
    assert not fake_upstream.calls
    await sync_to_async(tending.tend_all)()  # the hook
    await sync_to_async(tending.tend_all)()  # and the look
    async with asyncio.timeout(10):
        assert (await first)["model"] == (await second)["model"] == "parrot"
    assert asked(hook) == ["/start"]


async def test_a_call_in_line_hears_that_the_server_cannot_be_started(
    hours: ServerHours, hook: Scripted, caller: Caller
) -> None:
    hook.status = 500
    await sync_to_async(put)(hours, State.ASLEEP, wakes_on_demand=True, week=NEVER)
    waiting = ask(caller)
    await until(lambda: ServerHours.objects.filter(state="waking").exists())
    await sync_to_async(tending.tend_all)()
    async with asyncio.timeout(10):
        with pytest.raises(Asleep) as error:
            await waiting
    assert 590 <= (error.value.retry_after or 0) <= 600
    assert not await Call.objects.aexists()


async def test_a_caller_who_leaves_takes_nothing_along(hours: ServerHours, caller: Caller) -> None:
    await sync_to_async(put)(hours, State.ASLEEP, wakes_on_demand=True, week=NEVER)
    waiting = ask(caller)
    await until(lambda: Call.objects.exists())
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    await until(lambda: not Call.objects.exists())
    assert [row.running async for row in Occupancy.objects.all()] == [0, 0]


async def test_what_may_not_be_woken_is_refused_with_the_time_when_it_wakes(
    hours: ServerHours, caller: Caller, hook: Scripted, clock: Clock
) -> None:
    soon = timezone.localtime() + timedelta(hours=2)
    day = f"{soon:%Y-%m-%d} {soon:%H:%M}-24:00"
    await sync_to_async(put)(hours, State.ASLEEP, week=NEVER, exceptions=day)
    with pytest.raises(Asleep) as error:
        await ask(caller)
    assert f"{soon:%-H:%M}"[-3:] in str(error.value)
    assert 7000 < (error.value.retry_after or 0) <= 7200
    assert not await Call.objects.aexists()
    assert await ServerHours.objects.filter(state="asleep").aexists()


async def test_another_server_of_the_name_answers_and_nobody_is_woken(
    hours: ServerHours, caller: Caller, aviary: Upstream
) -> None:
    await sync_to_async(put)(hours, State.ASLEEP, wakes_on_demand=True, week=NEVER)
    other = await Upstream.objects.acreate(name="owlery", base_url=aviary.base_url)
    await Deployment.objects.acreate(upstream=other, name="parrot", model="parrot")
    async with asyncio.timeout(5):
        await ask(caller)
    assert await ServerHours.objects.filter(state="asleep").aexists()


def test_openais_client_is_told(hours: ServerHours, base_url: str, secret: str) -> None:
    put(hours, State.ASLEEP, week=NEVER)
    client = openai.OpenAI(base_url=base_url, api_key=secret, max_retries=0)
    with pytest.raises(openai.InternalServerError) as error:
        client.chat.completions.create(model="parrot", messages=[{"role": "user", "content": "Hello?"}])
    assert (error.value.status_code, error.value.code) == (503, "asleep")


def test_health_does_not_count_who_sleeps_as_ill(hours: ServerHours, fake_upstream: FakeUpstream) -> None:
    put(hours, State.ASLEEP)
    fake_upstream.models_status = 500
    asked_before = len(fake_upstream.requests)
    rounds.probe_all()
    assert (len(fake_upstream.requests), Upstream.objects.get().failures) == (asked_before, 0)


def test_a_server_whose_hours_are_taken_away_is_called_again(hours: ServerHours) -> None:
    put(hours, State.ASLEEP)
    hours.delete()
    assert set(Occupancy.objects.values_list("is_awake", flat=True)) == {True}


def test_a_model_that_is_added_below_a_server_asleep_is_asleep(hours: ServerHours) -> None:
    put(hours, State.ASLEEP)
    added = Deployment.objects.create(upstream=hours.upstream, name="late", model="late")
    assert not Occupancy.objects.get(deployment=added).is_awake


def test_a_model_that_is_moved_is_as_awake_as_its_new_server(hours: ServerHours, parrot: Deployment) -> None:
    put(hours, State.ASLEEP)
    parrot.upstream = Upstream.objects.create(name="other", base_url="http://127.0.0.1:9/v1")
    parrot.save()
    assert Occupancy.objects.get(deployment=parrot).is_awake
    parrot.upstream = hours.upstream
    parrot.save()
    assert not Occupancy.objects.get(deployment=parrot).is_awake


def test_the_books_are_locked_as_the_ledger_locks_them(hours: ServerHours) -> None:
    """In the order of the ids: rows change as they lie on the disk, and then two wait for one another."""
    put(hours, State.WAKING, since=MONDAY)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        tending._arrive(hours, timezone.now())
    locking, changing = [each["sql"] for each in queries if "gateway_occupancy" in each["sql"]]
    assert 'ORDER BY "gateway_occupancy"."deployment_id" ASC FOR NO KEY UPDATE' in locking
    assert changing.startswith("UPDATE")


def test_the_outlook_is_learned(hours: ServerHours, clock: Clock) -> None:
    put(hours, State.WAKING, since=MONDAY, wakes=[100, 400, 220])
    clock.now = MONDAY + timedelta(seconds=60)
    known = waking._load(None)[hours.upstream_id]
    assert waking._left(known) == 160  # of a median of 220
    assert str(waking.Outlook(seconds=160)) == "The model is waking, about 3 min…"


def test_hours_that_cannot_be_read_harm_nobody_else(hours: ServerHours, clock: Clock, alice: User) -> None:
    put(hours, State.ASLEEP, zone="Europe/Atlantis")
    tending.tend_all()
    assert not waking._load(None)[hours.upstream_id].may_wake


# --- in the panel ------------------------------------------------------------------------------------------------


def test_hours_are_entered_and_their_header_never_comes_out(hours: ServerHours, aviary: Upstream) -> None:
    client = panel_of(Role.ADMIN)
    entered = {"hours-0-monday": "09:00-12:00, 13:00-17:00", "hours-0-friday": "", "hours-0-idle_minutes": "30"}
    assert client.post(upstream_page(aviary), form_of(client, aviary) | entered).status_code == 302
    hours.refresh_from_db()
    assert hours.week == ["09:00-12:00, 13:00-17:00", *["08:00-18:00"] * 3, "", "", ""]
    assert (hours.idle_minutes, hours.authorization, hours.state) == (30, "Bearer hook", "asleep")
    for reader in (client, panel_of(Role.AUDITOR)):
        text = reader.get(upstream_page(aviary)).content.decode()
        assert "09:00-12:00, 13:00-17:00" in text and "Bearer hook" not in text
    client.post(upstream_page(aviary), form_of(client, aviary) | {"hours-0-start_url": "http://127.0.0.1:8/"})
    hours.refresh_from_db()
    assert hours.authorization == ""


@pytest.mark.parametrize(
    "entered",
    [{"monday": "18:00-08:00"}, {"zone": "Europe/Atlantis"}, {"exceptions": "Weihnachten"}, {"idle_minutes": "0"},
     {"idle_minutes": "99999"}, {"start_url": ""}, {"stop_url": "ftp://x/"}, {"hook": "command"},
     {"hook": "command", "command": "/bin/sh"}, {"hook": "shell"}],
)  # fmt: skip
def test_nonsense_is_refused_in_the_panel(hours: ServerHours, aviary: Upstream, entered: dict[str, str]) -> None:
    client = panel_of(Role.ADMIN)
    data = form_of(client, aviary) | {f"hours-0-{name}": value for name, value in entered.items()}
    assert client.post(upstream_page(aviary), data).status_code == 200
    assert ServerHours.objects.get().week == OFFICE


def test_the_panel_wakes_it(hours: ServerHours, aviary: Upstream) -> None:
    client = panel_of(Role.ADMIN)
    client.post(upstream_page(aviary), form_of(client, aviary) | {"gateway_upstream_wake": "on"})
    assert ServerHours.objects.get().state == "waking"
    assert "waking" in client.get(reverse("admin:gateway_upstream_changelist")).content.decode()
