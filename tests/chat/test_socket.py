"""The conversation's socket through the whole application: cookie, origin, routing, channel layer."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

from accounts.models import User
from chat import events
from chat.generation import Writer
from chat.models import Conversation, Message
from gateway import completions
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Deployment, Purpose
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream
from tests.sockets import Socket

pytestmark = pytest.mark.usefixtures("parrot")
Ask = Callable[..., Message]


async def socket(conversation: UUID, user: User | None, origin: str = "http://testserver") -> Socket:
    headers = [(b"origin", origin.encode())]
    if user:
        cookie = (await in_database(client_of, user)).cookies[settings.SESSION_COOKIE_NAME].value
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
    return Socket(conversation, headers)


@asynccontextmanager
async def tab(conversation: Conversation) -> AsyncIterator[Socket]:
    opened = await socket(conversation.id, conversation.owner)
    assert (await opened.connect())[0]
    yield opened
    await opened.disconnect()


def shown(seen: list[dict[str, Any]]) -> str:
    """The HTML a page has put together from events; no answer here is so long that its last block grows."""
    closed = tail = ""
    for event in seen:
        if event["type"] in ("text", "snapshot"):
            closed = event["closed"] if event["type"] == "snapshot" else closed + event["closed"]
            assert not event["more"] and not event["rest"]
            tail = event["tail"]
    return closed + tail


async def test_a_tab_sees_the_answer_grow_and_end(ask: Ask, conversation: Conversation) -> None:
    async with tab(conversation) as alice:
        await alice.attach()
        answer = await in_database(ask)
        await asyncio.gather(Writer(answer, "de").run(), alice.until("ended"))


async def test_who_comes_in_the_middle_sees_every_word_once(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    words = [f"Wort{number}" for number in range(60)]
    fake_upstream.reply(" ".join(words), delay=0.04)
    writing = asyncio.create_task(Writer(await in_database(ask), "de").run())
    await asyncio.sleep(1.3)
    async with tab(conversation) as late:
        await late.attach()
        seen = await late.until("ended")
    await writing
    assert seen[0]["type"] == "snapshot" and "Wort59" in seen[-1]["html"]
    so_far = shown(seen).removeprefix("<p>").removesuffix("</p>\n").split()
    assert so_far == words[: len(so_far)] and len(so_far) > 40


async def test_who_comes_after_the_end_is_told_of_it(ask: Ask, conversation: Conversation) -> None:
    answer = await in_database(ask)
    await Writer(answer, "de").run()
    async with tab(conversation) as late:
        await late.attach(answer.id)
        [event] = await late.until("ended")
    assert event["message"] == str(answer.id) and "The aviary opens" in event["html"]


@pytest.mark.parametrize("message", [uuid4(), "nonsense", "' OR 1=1"])
async def test_the_end_of_anothers_answer_is_not_told(conversation: Conversation, message: object) -> None:
    async with tab(conversation) as alice:
        await alice.attach(message)
        assert await alice.receive_nothing()


@pytest.mark.parametrize("messages", ["7", "{}", "null", '[7, null, {}, ["x"], ""]', '"nonsense"'])
async def test_nonsense_in_the_place_of_ids_is_not_told_of(ask: Ask, conversation: Conversation, messages: str) -> None:
    answer = await in_database(ask)
    async with tab(conversation) as alice:
        await alice.send(text=f'{{"type": "attach", "messages": {messages}}}')
        assert (await alice.receive())["message"] == str(answer.id)
        assert await alice.receive_nothing()


async def test_numbers_after_a_snapshot_follow_without_gap(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("Wort " * 60, delay=0.04)
    writing = asyncio.create_task(Writer(await in_database(ask), "de").run())
    await asyncio.sleep(0.5)
    async with tab(conversation) as late:
        await late.attach()
        seen = [event for event in await late.until("ended") if event["type"] == "text"]
    await writing
    numbers = [event["number"] for event in seen]
    assert numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_two_tabs_see_the_same(ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Wort " * 30, delay=0.02)
    async with tab(conversation) as first, tab(conversation) as second:
        await first.attach()
        await second.attach()
        answer = await in_database(ask)
        _, one, two = await asyncio.gather(Writer(answer, "de").run(), first.until("ended"), second.until("ended"))
    assert shown(one) == shown(two) != "" and one[-1] == two[-1]


FRAMES = [
    "",
    "no json",
    "[]",
    "7",
    '{"type": "drop"}',
    '{"type": 7}',
    "[" * 100_000,
    '{"type": "attach"}' + " " * 10_000,
]


@pytest.mark.parametrize("frame", FRAMES)
async def test_a_frame_it_does_not_understand_is_answered_and_the_socket_lives(
    conversation: Conversation, frame: str
) -> None:
    async with tab(conversation) as alice:
        await alice.send(text=frame)
        assert await alice.receive() == {"type": "error", "code": "unknown_message"}
        await alice.send(raw=b"\x00\xff")
        assert (await alice.receive())["type"] == "error"


async def test_a_stranger_and_an_unknown_id_are_refused_alike(conversation: Conversation, charlie: User) -> None:
    for target in (conversation.id, uuid4()):
        assert await (await socket(target, charlie)).connect() == (False, 4404)


async def test_nobody_gets_in_without_signing_in(conversation: Conversation) -> None:
    assert await (await socket(conversation.id, None)).connect() == (False, 4404)


async def test_another_sites_page_is_refused(conversation: Conversation, alice: User) -> None:
    connected, _ = await (await socket(conversation.id, alice, "https://evil.example")).connect()
    assert not connected


async def test_who_is_deactivated_is_told_nothing_more(conversation: Conversation, alice: User) -> None:
    async with tab(conversation) as socket_of_alice:
        await User.objects.filter(id=alice.id).aupdate(is_active=False)
        await socket_of_alice.attach()
        assert (await socket_of_alice.receive())["code"] == 4404


async def test_signing_out_ends_an_open_socket(
    conversation: Conversation, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.consumers.RECHECK_EVERY", 0)
    async with tab(conversation) as alice:
        await alice.attach()
        await Session.objects.all().adelete()
        await events.publish(conversation.id, {"type": "asked", "html": "geheim", "parent": None})
        assert (await alice.receive())["code"] == 4404


async def test_who_stands_in_line_is_told_where(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    await Deployment.objects.aupdate(slots=1)
    fake_upstream.reply("eins zwei", delay=0.5)
    body = {"messages": [{"role": "user", "content": "?"}]}
    before = asyncio.create_task(completions.complete(Caller(conversation.owner), body, purpose=Purpose.API))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls)
    async with tab(conversation) as alice:
        await alice.attach()
        _, seen = await asyncio.gather(Writer(await in_database(ask), "en").run(), alice.until("ended"))
    await before
    assert "Number 1 in line, about 5 s…" in [event.get("text") for event in seen]


def text_event(answer: Message, number: int, closed: str) -> dict[str, Any]:
    return {
        "type": "text",
        "message": str(answer.id),
        "number": number,
        "closed": closed,
        "tail": "",
        "more": "",
        "rest": "",
    }


async def test_events_that_come_again_are_told_once(ask: Ask, conversation: Conversation) -> None:
    answer = await in_database(ask)
    async with tab(conversation) as alice:
        await alice.attach()
        assert (await alice.receive())["number"] == 0
        for number in (1, 1, 2, 1, 2, 3):
            await events.publish(conversation.id, text_event(answer, number, str(number)))
        assert [(await alice.receive())["number"] for _ in range(3)] == [1, 2, 3]
        assert await alice.receive_nothing()


async def test_a_number_out_of_nowhere_is_not_shown_and_not_waited_for(
    ask: Ask, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.following.CATCH_UP_FOR", 0)
    answer = await in_database(ask)
    async with tab(conversation) as alice:
        await alice.attach()
        await alice.receive()
        await events.publish(conversation.id, text_event(answer, 1_000_000, "aus dem Nichts"))
        await events.publish(conversation.id, text_event(answer, 1, "eins"))
        assert (await alice.receive())["closed"] == "eins"


async def test_a_late_tab_is_told_what_was_thought(ask: Ask, conversation: Conversation) -> None:
    answer = await in_database(ask)
    await Message.objects.filter(id=answer.id).aupdate(reasoning="Erst rechnen.", thinking_seconds=3, text="Neun")
    async with tab(conversation) as late:
        await late.attach()
        seen = await late.receive()
    assert (seen["thought"], seen["seconds"], seen["tail"]) == ("Erst rechnen.", 3, "<p>Neun</p>\n")


async def test_a_late_tab_is_told_in_its_readers_language(ask: Ask, conversation: Conversation, alice: User) -> None:
    await User.objects.filter(id=alice.id).aupdate(language="de")
    conversation.owner.language = "de"
    answer = await in_database(ask)
    await Message.objects.filter(id=answer.id).aupdate(text="| a |\n|---|\n| b |")
    async with tab(conversation) as late:
        await late.attach()
        assert 'aria-label="Tabelle"' in (await late.receive())["tail"]


@pytest.mark.parametrize(("language", "word"), [("de", "Tabelle"), ("xx", "Table"), (["de"], "Table"), (None, "Table")])
async def test_who_has_chosen_no_language_is_told_in_that_of_the_page(
    ask: Ask, conversation: Conversation, language: object, word: str
) -> None:
    answer = await in_database(ask)
    await Message.objects.filter(id=answer.id).aupdate(text="| a |\n|---|\n| b |")
    async with tab(conversation) as late:
        await late.attach(language=language)
        assert f'aria-label="{word}"' in (await late.receive())["tail"]


async def test_a_late_tab_is_told_the_title_that_came_before_it(conversation: Conversation) -> None:
    await Conversation.objects.filter(id=conversation.id).aupdate(title="Nester", titled=True)
    async with tab(conversation) as late:
        await late.attach(title="Nester")
        await late.attach(title="Wo ist das Nest?")
        assert await late.receive() == {"type": "titled", "title": "Nester"}


async def test_a_late_tab_is_told_of_the_branch_that_was_chosen_before_it(ask: Ask, conversation: Conversation) -> None:
    answer = await in_database(ask)
    await Message.objects.filter(id=answer.id).aupdate(status=Message.Status.DONE)
    async with tab(conversation) as late:
        for last in (str(answer.id), None, 7):  # it ends there already, or tells nothing of use
            await late.attach(last=last)
        await late.attach(last=str(answer.parent_id))
        assert await late.receive() == {"type": "branch", "message": str(answer.id)}


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
async def test_a_reload_at_any_moment_shows_all_of_it_once(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream, share: float
) -> None:
    words = [f"Wort{number}" for number in range(100)]
    fake_upstream.reply(" ".join(words), delay=0.02)
    answer = await in_database(ask)
    writing = asyncio.create_task(Writer(answer, "de").run())
    enough = max(1, share * len(words))
    await asyncio.to_thread(fake_upstream.wait_for, lambda up: up.calls and up.calls[0].tokens_sent >= enough, 20)
    async with tab(conversation) as late:
        await late.attach(answer.id)
        seen = await late.until("ended")
    await writing
    so_far = re.findall(r"Wort\d+", shown(seen))
    assert so_far == words[: len(so_far)] and re.findall(r"Wort\d+", seen[-1]["html"]) == words
