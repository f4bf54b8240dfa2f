"""A question to a model whose server sleeps waits, says so, and is answered when it is awake."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from chat import events, generation
from chat.models import Message
from gateway.models import Deployment, Occupancy, ServerHours, Upstream
from tests.fake_upstream import FakeUpstream

State = ServerHours.State


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the page is told of the state of an answer."""
    texts: list[str] = []
    publish = events.publish

    async def noting(conversation: Any, event: events.Event) -> None:
        if event["type"] == "status":
            texts.append(event["text"])
        await publish(conversation, event)

    monkeypatch.setattr(events, "publish", noting)
    return texts


@pytest.fixture
def hours(aviary: Upstream, parrot: Deployment) -> ServerHours:
    Occupancy.objects.update(is_awake=False)
    tomorrow = timezone.localtime() + timedelta(days=1)
    return ServerHours.objects.create(
        upstream=aviary, week=[""] * 7, exceptions=f"{tomorrow:%Y-%m-%d} 08:00-18:00", wakes_on_demand=False,
        state=State.ASLEEP, since=timezone.now(), start_url="http://127.0.0.1:9/", stop_url="http://127.0.0.1:9/",
    )  # fmt: skip


def wake_up() -> None:
    ServerHours.objects.update(state=State.AWAKE)
    Occupancy.objects.update(is_awake=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def begun(ask: Callable[[str], Message]) -> tuple[Message, "asyncio.Task[None]"]:
    answer = await sync_to_async(ask)("Hello?")
    return answer, asyncio.create_task(generation.Writer(answer, "en").run())


async def test_it_waits_until_the_morning(
    hours: ServerHours, ask: Callable[[str], Message], told: list[str], fake_upstream: FakeUpstream
) -> None:
    answer, writing = await begun(ask)
    await until(lambda: told)
    assert told[0].startswith("The model is asleep until ")
    assert told[0].endswith("Your question waits and is answered then.")
    assert not fake_upstream.calls
    await sync_to_async(wake_up)()
    async with asyncio.timeout(10):
        await writing
    await answer.arefresh_from_db()
    assert answer.status == "done"


async def test_it_wakes_the_server_where_it_may(
    hours: ServerHours, ask: Callable[[str], Message], told: list[str]
) -> None:
    await ServerHours.objects.aupdate(wakes_on_demand=True)
    answer, writing = await begun(ask)
    await until(lambda: told)
    assert told[0] == "The model is waking, about 3 min…"
    assert await ServerHours.objects.filter(state="waking").aexists()
    await sync_to_async(wake_up)()
    async with asyncio.timeout(10):
        await writing
    await answer.arefresh_from_db()
    assert answer.status == "done"


async def test_the_waiting_is_stopped(hours: ServerHours, ask: Callable[[str], Message], told: list[str]) -> None:
    answer, writing = await begun(ask)
    await until(lambda: told)
    await Message.objects.filter(pk=answer.pk).aupdate(stop_requested=True)
    async with asyncio.timeout(10):
        await writing
    await answer.arefresh_from_db()
    assert answer.status == "stopped"


async def test_a_server_that_cannot_be_started_fails_the_answer(
    hours: ServerHours, ask: Callable[[str], Message]
) -> None:
    await ServerHours.objects.aupdate(wakes_on_demand=True, retry_at=timezone.now() + timedelta(minutes=10))
    answer, writing = await begun(ask)
    async with asyncio.timeout(10):
        await writing
    await answer.arefresh_from_db()
    assert answer.status == "failed"
