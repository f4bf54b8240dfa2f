"""What does not fit into a model's context is left out, and said."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from chat.exporting.content import document_of
from chat.fitting import left_out, those_that_fit
from chat.generation import Writer
from chat.models import Conversation, Message
from chat.templatetags.messages import did_not_fit
from gateway.database import in_database
from gateway.models import Deployment
from rag.retrieval import Passage
from tests.chat.exchanges import answered


def passages(count: int, length: int = 800) -> list[Passage]:
    span = {"start": 0, "end": length, "focus_start": 0, "focus_end": length}
    return [Passage(uuid4(), "Handbuch.pdf", 1, 1, text="x" * length, score=1.0, **span) for _ in range(count)]


def test_the_best_passages_that_fit_are_kept() -> None:
    found = passages(6)
    assert those_that_fit(found, "?", 8_192) == found
    assert those_that_fit(found, "?", 1_500) == found[:2]


def test_one_passage_stays_however_small_the_context_is() -> None:
    found = passages(3)
    assert those_that_fit(found, "?" * 100_000, 100) == found[:1]


def test_what_was_left_out_is_counted() -> None:
    history = [{"role": "user", "content": str(number)} for number in range(16)]
    assert left_out(history, [{}, *history[14:]], passages(3), passages(1)) == {"messages": 14, "passages": 2}
    assert left_out(history, [{}, *history], [], []) is None


@pytest.mark.parametrize(
    ("messages", "some", "sentence"),
    [
        (14, 2, "The first 14 messages and 2 passages did not fit."),
        (1, 0, "The first message did not fit."),
        (0, 1, "1 passage did not fit."),
    ],
)
def test_it_is_told_in_a_sentence(messages: int, some: int, sentence: str) -> None:
    assert did_not_fit({"messages": messages, "passages": some}) == sentence


@pytest.mark.usefixtures("parrot")
async def test_an_answer_says_what_was_left_out(
    conversation: Conversation, ask: Callable[..., Message], alices_client: Client
) -> None:
    await Deployment.objects.aupdate(context_length=600)
    for number in range(3):
        await in_database(answered, conversation, f"Frage {number}", "Wort " * 150)
    answer = await in_database(ask, "Und jetzt?")
    await Writer(answer, "de").run()
    await answer.arefresh_from_db()
    assert answer.left_out == {"messages": 4, "passages": 0}
    page = (await in_database(alices_client.get, conversation.get_absolute_url())).content.decode()
    assert "The first 4 messages did not fit." in page


@pytest.mark.usefixtures("parrot")
async def test_where_all_fits_nothing_is_said(conversation: Conversation, ask: Callable[..., Message]) -> None:
    answer = await in_database(ask)
    await Writer(answer, "de").run()
    await answer.arefresh_from_db()
    assert answer.left_out is None
    assert (await in_database(document_of, conversation)).turns
