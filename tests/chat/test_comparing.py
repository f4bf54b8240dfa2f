"""One question, two models, both at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from asgiref.sync import sync_to_async
from django.db import IntegrityError
from django.test import AsyncClient, Client
from django.urls import reverse

from accounts.models import User
from chat import asking, comparing, generation, keeping, versions
from chat.exceptions import AnswerRunning, ChoiceOpen, NoModel, NothingToCompare
from chat.generation import Writer
from chat.models import Conversation, Message
from gateway.models import Deployment
from tests.chat.exchanges import answered
from tests.chat.test_generation import Watcher
from tests.chat.test_socket import tab
from tests.chat.test_versions import JSON, act
from tests.conftest import BACKEND
from tests.fake_upstream import FakeUpstream

Pair = tuple[Message, Message, Message]


@pytest.fixture
def wren(parrot: Deployment) -> Deployment:
    """A second model of the same server."""
    return Deployment.objects.create(
        name="wren", model="parrot", kind=parrot.kind, upstream=parrot.upstream, is_active=True
    )


@pytest.fixture
def both(wren: Deployment, conversation: Conversation) -> Pair:
    Conversation.objects.filter(id=conversation.id).update(model="parrot")
    conversation.model = "parrot"
    return comparing.ask_both(conversation, "Wann?", "wren")


def ended(*answers: Message) -> None:
    for answer in answers:
        Message.objects.filter(id=answer.id).update(status=Message.Status.DONE, text="Um neun.", lease_until=None)
        answer.refresh_from_db()


def test_both_are_placed_under_one_question(conversation: Conversation, both: Pair) -> None:
    question, first, second = both
    assert (first.parent, second.parent, second.beside) == (question, question, first)
    assert (first.model, second.model) == ("parrot", "wren")
    assert conversation.thread() == [question, first]


async def test_both_are_written_at_once_and_told_apart(
    both: Pair, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    _, *answers = both
    for _ in answers:
        fake_upstream.reply("Wort " * 20, delay=0.02)
    async with Watcher(conversation) as watcher:
        writing = asyncio.gather(*(Writer(answer, "de").run() for answer in answers))
        seen = await watcher.until("ended") + await watcher.until("ended")
        await writing
    for answer in answers:
        numbers = [event["number"] for event in seen if event["message"] == str(answer.id)]
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 5
    first_end = next(place for place, event in enumerate(seen) if event["type"] == "ended")
    assert {event["message"] for event in seen[:first_end]} == {str(answer.id) for answer in answers}


async def test_a_tab_that_comes_late_sees_both_grow(
    both: Pair, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    _, *answers = both
    for _ in answers:
        fake_upstream.reply("Wort " * 80, delay=0.05)
    writing = asyncio.gather(*(Writer(answer, "de").run() for answer in answers))
    await asyncio.sleep(1.2)
    async with tab(conversation) as late:
        await late.attach()
        seen = await late.until("ended") + await late.until("ended")
    await writing
    snapshots = [event["message"] for event in seen if event["type"] == "snapshot"]
    assert set(snapshots) == {str(answer.id) for answer in answers}
    for answer in answers:
        told = [event for event in seen if event["message"] == str(answer.id)]
        since = max(place for place, event in enumerate(told) if event["type"] == "snapshot")
        numbers = [event["number"] for event in told[since:]]
        assert len(numbers) > 3 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_nothing_else_is_asked_while_one_of_them_runs(conversation: Conversation, both: Pair) -> None:
    for runs, ends in ((both[1], both[2]), (both[2], both[1])):
        Message.objects.filter(id=runs.id).update(status=Message.Status.STREAMING)
        ended(ends)
        with pytest.raises((AnswerRunning, ChoiceOpen)):
            asking.ask(conversation, "Weiter?")
        with pytest.raises(AnswerRunning):
            versions.regenerate(ends)
    assert conversation.messages.count() == 3


def test_the_database_lets_no_third_one_run(both: Pair) -> None:
    with pytest.raises(IntegrityError):
        asking.place(both[0], beside=None)


def test_it_goes_on_when_one_was_taken(conversation: Conversation, both: Pair) -> None:
    question, first, second = both
    ended(first, second)
    for after in (None, first.id, second.id):
        with pytest.raises(ChoiceOpen):
            asking.ask(conversation, "Weiter?", after)
    comparing.take(second)
    assert conversation.thread() == [question, second]
    asked, _ = asking.ask(conversation, "Weiter?")
    assert asked.parent == second
    assert conversation.thread(first.id) == [question, first]


def test_taking_one_stops_the_other(both: Pair) -> None:
    _, first, second = both
    with pytest.raises(AnswerRunning):
        comparing.take(second)
    ended(second)
    comparing.take(Message.objects.get(id=second.id))
    first.refresh_from_db()
    assert first.stop_requested and first.is_running


def test_both_stop_together(both: Pair) -> None:
    for one in both[1:]:
        Message.objects.update(stop_requested=False)
        asking.stop(one)
        assert Message.objects.running().filter(stop_requested=True).count() == 2


def test_killed_writers_leave_both_interrupted(both: Pair) -> None:
    from datetime import timedelta

    from django.utils import timezone

    Message.objects.running().update(lease_until=timezone.now() - timedelta(seconds=1))
    assert {message.status for message in keeping.sweep()} == {Message.Status.INTERRUPTED}
    assert not Message.objects.running().exists()


def test_a_model_that_is_gone_places_nothing(wren: Deployment, conversation: Conversation) -> None:
    with pytest.raises(NoModel):
        comparing.ask_both(conversation, "Wann?", "gone")
    assert not conversation.messages.exists()


def test_the_page_shows_them_side_by_side_until_one_is_taken(
    alices_client: Client, conversation: Conversation, both: Pair
) -> None:
    _, first, second = both
    running = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert running.index(f"m-{first.id}") < running.index(f"m-{second.id}") and "Go on with this one" not in running
    ended(first, second)
    page = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert page.count("Go on with this one") == 2 and 'class="pair"' in page
    assert alices_client.post(act("take", second), headers=JSON).status_code == 200
    page = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert 'class="pair"' not in page and 'aria-label="Version 2 of 2"' in page


@pytest.fixture
async def browser(alice: User, wren: Deployment) -> AsyncIterator[AsyncClient]:
    client = AsyncClient()
    await sync_to_async(client.force_login)(alice, backend=BACKEND)
    yield client


async def test_the_composer_asks_both(browser: AsyncClient, conversation: Conversation) -> None:
    asked = {"text": "Wann?", "model": "parrot", "beside": "wren"}
    response = await browser.post(reverse("chat:ask", args=[conversation.id]), asked, headers=JSON)
    assert response.status_code == 201 and response.json()["html"].count("<article") == 3
    await asyncio.gather(*generation._tasks)
    done = [message async for message in Message.objects.filter(role="assistant").values_list("model", "status")]
    assert sorted(done) == [("parrot", "done"), ("wren", "done")]


def test_another_model_answers_beside_what_is_there(wren: Deployment, conversation: Conversation) -> None:
    first = answered(conversation)
    second = comparing.put_beside(first, "wren")
    assert (second.beside, second.model, second.parent) == (first, "wren", first.parent)
    assert conversation.thread()[-1] == first
    with pytest.raises(AnswerRunning):
        comparing.put_beside(first, "wren")
    ended(second)
    with pytest.raises(NothingToCompare):
        comparing.put_beside(first, "wren")


def test_only_the_last_answer_is_compared(wren: Deployment, conversation: Conversation) -> None:
    first = answered(conversation)
    answered(conversation, "Und sonntags?")
    with pytest.raises(NothingToCompare):
        comparing.put_beside(first, "wren")


async def test_the_page_offers_it_and_shows_both(browser: AsyncClient, conversation: Conversation) -> None:
    answer = await sync_to_async(answered)(conversation)
    assert b'name="beside"' in (await browser.get(act("regenerate", answer))).content
    response = await browser.post(act("regenerate", answer), {"with": "wren", "beside": "1"}, headers=JSON)
    assert response.json()["html"].count("<article") == 2 and 'class="pair"' in response.json()["html"]
    await asyncio.gather(*generation._tasks)
    assert [each.model async for each in Message.objects.filter(beside=answer, status="done")] == ["wren"]
