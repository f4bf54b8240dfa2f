"""Answers written by the real writer, from a scripted model server, through gateway and channel layer."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from channels.layers import get_channel_layer
from django.utils import timezone

from accounts.models import User
from chat import asking, events, generation, keeping
from chat.generation import Writer
from chat.models import Conversation, Message
from gateway.database import in_database
from gateway.models import Call, Deployment, Quota, Usage
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.usefixtures("parrot")
Ask = Callable[..., Message]


class Watcher:
    """A tab without a browser: everything that is published for a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self.group = events.group(conversation.id)

    async def __aenter__(self) -> "Watcher":
        self.layer = get_channel_layer()
        self.channel = await self.layer.new_channel()
        await self.layer.group_add(self.group, self.channel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.layer.group_discard(self.group, self.channel)

    async def until(self, kind: str) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["type"] != kind:
            message = await asyncio.wait_for(self.layer.receive(self.channel), 10)
            seen.append(message["event"])
        return seen


async def written(answer: Message) -> Message:
    await Writer(answer, "de").run()
    await answer.arefresh_from_db()
    return answer


async def test_an_answer_is_written_and_stored(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um **neun** Uhr.")
    answer = await written(await in_database(ask))
    assert (answer.status, answer.text, answer.model) == (Message.Status.DONE, "Um **neun** Uhr.", "parrot")


async def test_an_answer_that_was_tried_again_is_written_too(ask: Ask, fake_upstream: FakeUpstream) -> None:
    broken = await in_database(ask)
    await Message.objects.filter(id=broken.id).aupdate(status=Message.Status.FAILED)
    broken = await Message.objects.select_related("parent").aget(id=broken.id)
    answer = await written(await in_database(asking.retry, broken))
    assert answer.status == Message.Status.DONE


async def test_events_are_numbered_without_a_gap_and_add_up(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("Erster Absatz hier.\n\nZweiter Absatz dort.", delay=0.06)
    async with Watcher(conversation) as tab:
        task = asyncio.create_task(written(await in_database(ask)))
        seen = await tab.until("ended")
        await task
    assert [event["number"] for event in seen] == list(range(1, len(seen) + 1))
    assert "".join(event.get("closed", "") for event in seen) == "<p>Erster Absatz hier.</p>\n"
    assert "<p>Zweiter Absatz dort.</p>" in seen[-1]["html"]


async def test_an_end_that_comes_while_an_event_is_on_its_way_leaves_no_gap(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = events.publish

    async def slowly(conversation: UUID, event: events.Event) -> None:
        await asyncio.sleep(0.1)
        await publish(conversation, event)

    monkeypatch.setattr(events, "publish", slowly)
    fake_upstream.reply("Um neun Uhr öffnet das Haus.", delay=0.03)
    async with Watcher(conversation) as tab:
        seen, _ = await asyncio.gather(tab.until("ended"), written(await in_database(ask)))
    assert [event["number"] for event in seen] == list(range(1, len(seen) + 1))


async def test_the_model_sees_the_conversation_so_far(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    await written(await in_database(ask, "Wer bist du?"))
    await written(await in_database(ask, "Und wann öffnet ihr?"))
    contents = [message["content"] for message in fake_upstream.calls[-1].body["messages"]]
    assert contents[1:] == ["Wer bist du?", "The aviary opens at nine.", "Und wann öffnet ihr?"]


async def stopped(answer: Message, fake_upstream: FakeUpstream) -> Message:
    """In the middle of a long answer."""
    fake_upstream.reply("Wort " * 400, delay=0.05)
    task = asyncio.create_task(written(answer))
    await asyncio.sleep(0.6)
    await in_database(asking.stop, answer)
    return await asyncio.wait_for(task, 3)


async def test_a_stop_keeps_what_was_written_and_ends_the_upstream(ask: Ask, fake_upstream: FakeUpstream) -> None:
    answer = await stopped(await in_database(ask), fake_upstream)
    assert answer.status == Message.Status.STOPPED and answer.text.startswith("Wort Wort")
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls[0].disconnected_at, 2)


async def test_a_stop_charges_what_was_relayed(ask: Ask, fake_upstream: FakeUpstream) -> None:
    await stopped(await in_database(ask), fake_upstream)
    usage = await Usage.objects.aget()
    assert usage.status == Usage.Status.ABORTED and usage.estimated and 0 < usage.output_tokens < 100


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (lambda server: server.fail(500), "upstream_error"),
        (lambda server: server.send(b"data: {not json\n\n"), "upstream_broken"),
        (lambda server: server.send(b"<html>", content_type="text/html"), "upstream_broken"),
        (lambda server: server.reply(""), "empty_answer"),
    ],
)
async def test_a_failing_upstream_ends_the_answer_with_a_reason(
    ask: Ask, fake_upstream: FakeUpstream, script: Callable[[FakeUpstream], None], code: str
) -> None:
    script(fake_upstream)
    answer = await written(await in_database(ask))
    assert (answer.status, answer.error) == (Message.Status.FAILED, code) and answer.reason


async def test_what_came_before_a_break_is_kept(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun Uhr öffnet sie.", break_after=3)
    answer = await written(await in_database(ask))
    assert (answer.status, answer.text) == (Message.Status.FAILED, "Um neun Uhr")


async def test_a_used_up_quota_is_the_reason_shown(ask: Ask, alice: User, fake_upstream: FakeUpstream) -> None:
    await Quota.objects.acreate(user=alice, unit=Quota.Unit.REQUESTS, limit=0, period=Quota.Period.DAY)
    answer = await written(await in_database(ask))
    assert (answer.status, answer.error) == (Message.Status.FAILED, "insufficient_quota")
    assert not fake_upstream.calls


async def test_without_any_model_the_answer_says_so(ask: Ask) -> None:
    await Deployment.objects.all().adelete()
    answer = await written(await in_database(ask))
    assert answer.error == "no_model"


async def test_a_fault_of_ours_still_ends_the_answer(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.send(b'data: {"choices": [{"delta": {"content": 7}}]}\n\n')
    answer = await written(await in_database(ask))
    assert answer.status == Message.Status.FAILED and answer.reason


async def test_a_shutdown_leaves_the_answer_interrupted_with_its_text(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Wort " * 400, delay=0.05)
    answer = await in_database(ask)
    task = asyncio.create_task(Writer(answer, "de").run())
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls and server.calls[0].tokens_sent > 3)
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await answer.arefresh_from_db()
    assert answer.status == Message.Status.INTERRUPTED and answer.text.startswith("Wort")


async def test_deleting_the_conversation_ends_the_writing(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("Wort " * 400, delay=0.05)
    task = asyncio.create_task(Writer(await in_database(ask), "de").run())
    await asyncio.sleep(0.4)
    await conversation.adelete()
    await asyncio.wait_for(task, 3)
    assert not await Message.objects.aexists() and not await Call.objects.aexists()


async def test_an_abandoned_answer_is_interrupted_by_the_sweep(ask: Ask) -> None:
    answer = await in_database(ask)
    await Message.objects.filter(id=answer.id).aupdate(lease_until=timezone.now() - timedelta(seconds=1), text="Halb")
    [swept] = await in_database(keeping.sweep)
    assert (swept.status, swept.text) == (Message.Status.INTERRUPTED, "Halb")
    assert await in_database(keeping.sweep) == []


async def test_a_running_answer_is_left_alone_by_the_sweep(ask: Ask) -> None:
    await in_database(ask)
    assert await in_database(keeping.sweep) == []


def thinking(*deltas: dict[str, str]) -> bytes:
    pieces = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces) + b"data: [DONE]\n\n"


async def test_what_a_model_thinks_is_kept_apart_and_told_apart(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.send(thinking({"reasoning_content": "Erst <b>rechnen</b>."}, {"content": "Um neun."}))
    async with Watcher(conversation) as tab:
        answer = await written(await in_database(ask))
        seen = await tab.until("ended")
    assert (answer.reasoning, answer.text) == ("Erst <b>rechnen</b>.", "Um neun.")
    assert answer.thinking_seconds == 0
    assert "Erst &lt;b&gt;rechnen" in seen[-1]["html"] and "0 s nachgedacht" in seen[-1]["html"]


async def test_thoughts_are_never_sent_to_a_model_again(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("<think>geheimer Gedanke</think>Um neun.")
    await written(await in_database(ask))
    await written(await in_database(ask, "Und am Sonntag?"))
    assert "geheimer" not in json.dumps(fake_upstream.calls[-1].body)


async def test_thoughts_alone_are_an_empty_answer_and_kept(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("<think>Ich weiß nicht")
    answer = await written(await in_database(ask))
    assert (answer.error, answer.reasoning, answer.text) == ("empty_answer", "Ich weiß nicht", "")


async def test_a_model_that_repeats_for_ever_is_ended_with_a_reason(ask: Ask, fake_upstream: FakeUpstream) -> None:
    piece = {"content": "immer wieder " * 10}
    fake_upstream.send(thinking(*[piece] * 2_000))
    answer = await written(await in_database(ask))
    assert (answer.status, answer.error) == (Message.Status.FAILED, "answer_repeats")
    assert 6_000 <= len(answer.text) < 20_000 and "immer wieder dasselbe" in answer.reason


async def test_an_answer_of_a_hundred_thousand_tokens_is_written(ask: Ask, fake_upstream: FakeUpstream) -> None:
    words = [f"w{number} " for number in range(100_000)]
    fake_upstream.send(thinking(*({"content": "".join(words[at : at + 200])} for at in range(0, len(words), 200))))
    answer = await written(await in_database(ask))
    assert answer.status == Message.Status.DONE and answer.text == "".join(words)


async def test_nothing_is_written_for_each_token(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Wort " * 200, delay=0.005)
    answer = await in_database(ask)
    saved: list[object] = []
    post_save_query = generation.save

    def counted(*arguments: object) -> bool:
        saved.append(arguments)
        return post_save_query(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "save", counted)
        began = time.monotonic()
        await Writer(answer, "de").run()
    assert len(saved) <= time.monotonic() - began + 1


async def test_the_first_words_are_shown_at_once(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("Sofort und dann lange nichts", stall_after=1)
    async with Watcher(conversation) as tab:
        task = asyncio.create_task(Writer(await in_database(ask), "de").run())
        seen = await tab.until("text")
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert seen[-1]["tail"] == "<p>Sofort</p>\n"
