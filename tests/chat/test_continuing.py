"""An answer that broke off goes on in a version of its own."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from chat import asking, continuing
from chat.continuing import Seam, joined
from chat.exceptions import AnswerRunning, NothingToContinue
from chat.generation import Writer
from chat.models import Conversation, Message
from gateway.database import in_database
from gateway.models import Deployment
from tests.chat.exchanges import answered, cite
from tests.chat.test_generation import Watcher
from tests.fake_upstream import FakeUpstream

Ask = Callable[..., Message]


def cut(text: str, finish: str = "length") -> bytes:
    pieces = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}]
    pieces.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces) + b"data: [DONE]\n\n"


async def written(answer: Message) -> Message:
    await Writer(answer, "de").run()
    return await Message.objects.select_related("parent", "conversation__owner").aget(id=answer.id)


@pytest.mark.usefixtures("parrot")
async def test_an_answer_cut_at_its_length_says_so_and_goes_on(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.send(cut("Erstens öffnet sie um neun Uhr, zweitens schli"))
    first = await written(await in_database(ask))
    assert first.is_cut and first.can_go_on
    fake_upstream.reply("um neun Uhr, zweitens schließt sie um fünf.")
    onward = await written(await in_database(continuing.resume, first))
    assert onward.text == "Erstens öffnet sie um neun Uhr, zweitens schließt sie um fünf."
    assert (onward.parent, onward.status, onward.finish) == (first.parent, Message.Status.DONE, "stop")
    await first.arefresh_from_db()
    assert first.text.endswith("schli")  # what was said stays as it was said
    *_, begun, task = fake_upstream.calls[-1].body["messages"]
    assert begun == {"role": "assistant", "content": first.text} and "um neun Uhr, zweitens schli»" in task["content"]


@pytest.mark.usefixtures("parrot")
async def test_every_tab_sees_it_go_on_from_where_it_broke_off(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.send(cut("Eins.\n\nZwei"))
    first = await written(await in_database(ask))
    fake_upstream.reply("und drei.")
    async with Watcher(conversation) as tab:
        onward = await in_database(continuing.resume, first)
        await written(onward)
        seen = await tab.until("ended")
    assert [event["number"] for event in seen] == list(range(1, len(seen) + 1))
    assert (seen[0]["type"], seen[0]["closed"], seen[0]["tail"]) == ("snapshot", "<p>Eins.</p>\n", "<p>Zwei</p>\n")
    assert "<p>Zwei und drei.</p>" in seen[-1]["html"]


@pytest.mark.usefixtures("parrot")
async def test_when_going_on_fails_nothing_is_lost(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.send(cut("Ein halber Satz"))
    first = await written(await in_database(ask))
    fake_upstream.fail(500)
    onward = await written(await in_database(continuing.resume, first))
    assert (onward.status, onward.text) == (Message.Status.FAILED, "Ein halber Satz") and onward.can_go_on


@pytest.mark.usefixtures("parrot")
async def test_a_server_that_says_nonsense_of_its_end_is_understood(ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.send(cut("Gut.", finish="x" * 500))
    answer = await written(await in_database(ask))
    assert (answer.status, answer.finish, answer.is_cut) == (Message.Status.DONE, "x" * 20, False)


def test_it_keeps_its_sources_also_when_the_collection_is_no_longer_chosen(
    parrot: Deployment, conversation: Conversation
) -> None:
    from chat.context import load

    stopped = answered(conversation, text="Dreißig [1] und", status=Message.Status.STOPPED)
    cite(stopped, None)
    stopped.refresh_from_db()
    onward = continuing.resume(stopped)
    load(onward)
    assert onward.searched and [each.number for each in onward.citations.all()] == [1]
    [passage] = continuing.passages_of(onward.citations.all())
    assert passage.text == "Dreißig Tage."


@pytest.mark.usefixtures("parrot")
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"finish": "stop"},
        {"status": Message.Status.STOPPED, "text": " "},
        {"status": Message.Status.FAILED, "text": ""},
    ],
)
def test_what_is_complete_or_empty_does_not_go_on(conversation: Conversation, facts: dict[str, object]) -> None:
    answer = answered(conversation, **facts)
    with pytest.raises(NothingToContinue):
        continuing.resume(answer)


@pytest.mark.usefixtures("parrot")
def test_twice_at_once_it_goes_on_once(conversation: Conversation) -> None:
    answer = answered(conversation, status=Message.Status.INTERRUPTED)
    continuing.resume(answer)
    with pytest.raises(AnswerRunning):
        continuing.resume(answer)
    assert conversation.messages.count() == 3


def test_the_page_offers_to_go_on(alices_client: Client, conversation: Conversation) -> None:
    answered(conversation, finish="length")
    page = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert "reached the greatest length" in page and 'data-act="continue"' in page
    asking.ask(conversation, "Weiter?")


@pytest.mark.parametrize(
    ("begun", "said", "new"),
    [
        ("Sie öffnet um neun", "und schließt.", " und schließt."),
        ("Sie öffnet um neun ", "und schließt.", "und schließt."),
        ("Sie öffnet um neun", ", nicht um zehn.", ", nicht um zehn."),
        ("Der Jahresurlaubsta", "Der Jahresurlaubstage viele", "ge viele"),
        ("Erster Absatz.\n\n", "Erster Absatz.\n\nZweiter", "Zweiter"),
        ("def f():\n", "def f():\n    return 1", "    return 1"),
        ("ab", "ab", " ab"),  # too short to be sure that it is a repetition
        ("", "Neu", "Neu"),
    ],
)
def test_where_the_two_join(begun: str, said: str, new: str) -> None:
    assert joined(begun, said) == new


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_the_seam_is_found_however_it_comes(size: int) -> None:
    begun = "Ein langer Satz über die Voliere, der mitten im Wo"
    said = "über die Voliere, der mitten im Wort abbrach und dann zu Ende ging."
    seam = Seam(begun, Deployment(model="parrot"))
    text = "".join(seam.take(said[at : at + size]) for at in range(0, len(said), size)) + seam.end()
    assert text == "rt abbrach und dann zu Ende ging."


def test_what_only_quotes_is_asked_the_same_and_its_beginning_left_out() -> None:
    librarian = Deployment(model="librarian")
    history = [{"role": "user", "content": "?"}]
    assert continuing.asked(history, "Halb", librarian) == history
    seam = Seam("„Der Urlaub beträgt", librarian)
    assert seam.take("„Der Urlaub beträgt dreißig Tage.“") + seam.end() == " dreißig Tage.“"


def test_of_a_long_beginning_its_end_is_sent() -> None:
    small = Deployment(model="parrot", context_length=1_000)
    *_, begun, _task = continuing.asked([], "x" * 5_000 + "Ende", small)
    assert len(begun["content"]) == 750 and begun["content"].endswith("Ende")
