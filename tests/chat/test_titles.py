"""Titles that the model makes, by the whole way: asked, answered, titled, told."""

import asyncio

import pytest

from accounts.models import User
from chat import asking, generation, titles
from chat.models import Conversation, Message
from gateway.database import in_database
from gateway.models import Deployment, Upstream, Usage
from tests.chat.test_generation import Watcher
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.usefixtures("parrot")


async def answered(conversation: Conversation, question: str = "Wann öffnet die Voliere morgens?") -> Message:
    """By a task of the server, as the page begins it; ends when the title is there or given up."""
    _, answer = await in_database(asking.ask, conversation, question)
    generation.start(answer)
    [task] = generation._tasks
    await asyncio.wait_for(task, 10)
    await conversation.arefresh_from_db()
    return answer


async def test_the_first_answer_gives_the_title_and_every_tab_is_told(
    conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("Um neun.")
    fake_upstream.reply('"Öffnungszeiten der **Voliere**."')
    async with Watcher(conversation) as tab:
        await answered(conversation)
        assert (await tab.until("titled"))[-1]["title"] == "Öffnungszeiten der Voliere"
    assert (conversation.title, conversation.titled) == ("Öffnungszeiten der Voliere", True)
    asked = fake_upstream.calls[-1].body
    assert asked["max_tokens"] <= 200 and "Um neun." in asked["messages"][1]["content"]


async def test_its_call_is_metered(conversation: Conversation, fake_upstream: FakeUpstream, alice: User) -> None:
    await answered(conversation)
    assert await Usage.objects.filter(user=alice).acount() == 2


async def test_a_title_that_a_person_gave_stays(conversation: Conversation, fake_upstream: FakeUpstream) -> None:
    await Conversation.objects.filter(id=conversation.id).aupdate(title="Meiner", titled=True)
    await answered(conversation)
    assert conversation.title == "Meiner" and len(fake_upstream.calls) == 1


async def test_one_given_meanwhile_stays_too(conversation: Conversation, fake_upstream: FakeUpstream) -> None:
    await Conversation.objects.filter(id=conversation.id).aupdate(title="Meiner", titled=True)
    assert not await in_database(titles._stored, conversation, "Anderer")


async def test_only_the_first_answer_is_asked_for_one(conversation: Conversation, fake_upstream: FakeUpstream) -> None:
    await answered(conversation)
    await answered(conversation, "Und abends?")
    assert len(fake_upstream.calls) == 3


async def test_without_one_the_first_words_stay(conversation: Conversation, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun.")
    fake_upstream.fail(500)
    await answered(conversation)
    assert (conversation.title, conversation.titled) == ("Wann öffnet die Voliere morgens?", False)


async def test_a_model_that_never_says_one_is_not_waited_for(
    conversation: Conversation, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(titles, "WITHIN", 0.3)
    fake_upstream.reply("Um neun.")
    fake_upstream.hang()
    answer = await answered(conversation)
    await answer.arefresh_from_db()
    assert answer.status == Message.Status.DONE and not conversation.titled


async def test_the_librarian_is_not_asked(conversation: Conversation, fake_upstream: FakeUpstream) -> None:
    await Upstream.objects.aupdate(is_embedded=True)
    await answered(conversation)
    assert len(fake_upstream.calls) == 1 and await Deployment.objects.aexists()


async def test_a_confidential_conversation_is_titled_in_the_house_alone(
    conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    answer = await answered(conversation)
    await Conversation.objects.filter(id=conversation.id).aupdate(titled=False, keeps_in_house=True)
    await Upstream.objects.aupdate(in_house=False)
    await titles.give(answer)
    assert len(fake_upstream.calls) == 2


async def test_a_failed_answer_is_given_none(conversation: Conversation, fake_upstream: FakeUpstream) -> None:
    fake_upstream.fail(400)
    await answered(conversation)
    assert len(fake_upstream.calls) == 1


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Öffnungszeiten", "Öffnungszeiten"),
        ("<think>Hm, well…</think>\n\n„Urlaub im Winter“", "Urlaub im Winter"),
        ("<think>Ohne Ende", ""),
        ("Titel: Urlaub.\nUnd noch mehr", "Urlaub"),
        ("# **Urlaub** <script>", "Urlaub script"),
        ("eins zwei drei vier fünf sechs sieben acht neun zehn", "eins zwei drei vier fünf sechs sieben acht"),
        ("x" * 300, "x" * 80),
        ("Böse\u202e\u200bZeichen\x07", "Böse Zeichen"),
        ("\n \n", ""),
        ("", ""),
    ],
)
def test_a_title_is_one_short_line_of_plain_words(said: str, title: str) -> None:
    assert titles.cleaned(said) == title
