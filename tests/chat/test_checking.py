"""Answers compared with their sources, after the last word and before the end is told."""

import asyncio
from collections.abc import Callable

import pytest

from chat.checking import Support, to_check, verdict
from chat.generation import Writer
from chat.models import Citation, Conversation, Message
from chat.rendering import render
from chat.templatetags.messages import answer_html
from gateway.database import in_database
from gateway.models import Deployment
from inference import answers
from inference.ranking import Sentence as Quoted
from inference.sources import Source
from rag.ingestion import ingest
from rag.models import Collection
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import uploaded

LEAVE = (
    "Der Jahresurlaub beträgt 30 Arbeitstage. Er verfällt am 31. März. Für Umzüge gibt es einen Tag Sonderurlaub. "
    "Anträge nimmt Frau Lindner entgegen. Resturlaub wird nicht ausgezahlt."
)
TRAVEL = "Das Tagegeld beträgt 28 Euro. Genutzt wird die zweite Klasse der Bahn."
SOURCES = [
    Citation(number=1, document_name="Handbuch.pdf", text=LEAVE),
    Citation(number=2, document_name="Reisen.md", text=TRAVEL),
]


async def silent(texts: list[str]) -> list[list[float]]:
    raise TimeoutError


def checked(text: str, embedded: Callable[..., object] = silent) -> Support:
    return asyncio.run(verdict(to_check(text, SOURCES), embedded))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("Der Jahresurlaub beträgt 30 Arbeitstage [1].", None),
        ("Urlaub: dreißig Arbeitstage im Jahr [1].", None),
        ("Der Jahresurlaub beträgt 28 Arbeitstage [1].", "number"),  # 28 stands in the other source
        ("Er verfällt am 31. Mai [1].", "number"),
        ("Anträge nimmt Frau Osterkamp entgegen [1].", "name"),
        ("Resturlaub wird ausgezahlt [1].", "denial"),
        ("Im Handbuch steht „Urlaub wird stets im Voraus bezahlt“ [1].", "quotation"),
        ("Dort steht „Resturlaub wird nicht ausgezahlt“ [1].", None),
        ("Die Kantine bietet täglich vegetarische Gerichte an [1].", "words"),
        ("Das Tagegeld beträgt 28 Euro [1, 2].", None),
        ("Annual leave is 30 working days [1].", None),  # words of another language tell nothing
        ("Annual leave is 45 working days [1].", "number"),
    ],
)
def test_a_sentence_is_held_against_the_sources_it_names(text: str, doubt: str | None) -> None:
    support = checked(text)
    assert (support["checked"], support["doubts"].get("0")) == (1, doubt)


def test_a_sentence_without_a_marker_is_held_against_all_that_the_answer_names() -> None:
    support = checked("Es sind 30 Arbeitstage Urlaub [1]. Das Tagegeld beträgt 28 Euro. Zweite Klasse der Bahn [2].")
    assert support == {"checked": 3, "doubts": {}}


@pytest.mark.parametrize(
    "text", ["Das steht in den Quellen:", "Möchten Sie mehr wissen?", "Ich helfe gern weiter.", "# Urlaub", "Ja."]
)
def test_what_states_nothing_is_not_checked(text: str) -> None:
    assert checked(f"{text}\n\nResturlaub wird nicht ausgezahlt [1].")["checked"] == 1


def test_meaning_decides_where_words_do_not() -> None:
    text = "Wer die Wohnung wechselt, bekommt frei [1]."

    async def alike(texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] for _ in texts]

    async def apart(texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.0] if text.startswith("Wer") else [0.0, 1.0] for text in texts]

    assert checked(text, apart)["doubts"] == {"0": "words"}
    assert checked(text)["doubts"] == {"0": "words"}
    assert asyncio.run(verdict(to_check("Bahn fährt man zweite Klasse mit uns [2].", SOURCES), alike))["doubts"] == {}


def test_what_is_quoted_to_the_letter_asks_no_model() -> None:
    async def never(texts: list[str]) -> list[list[float]]:
        raise AssertionError(texts)

    assert checked(f"> {LEAVE} [1]\n>\n> {TRAVEL} [2]", never)["doubts"] == {}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("lead_in", ["found", "nearest", "overview"])
def test_the_librarian_always_comes_out_clean(language: str, lead_in: str) -> None:
    source = Source("1", "Handbuch.pdf", "page", "3", LEAVE)
    chosen = [Quoted(source, place, f"{text}.", frozenset()) for place, text in enumerate(LEAVE[:-1].split(". "))]
    written = [answers.quoting(chosen, language, lead_in), answers.nothing_fits([source], language)]  # type: ignore[arg-type]
    assert [checked(text)["doubts"] for text in written] == [{}, {}]


def test_a_doubtful_sentence_is_underlined_and_explains_itself() -> None:
    html = render("Es sind **28** Tage [1]. Ja.", {1: ("/s/1/", "Handbuch")}, doubts={0: "number"})
    assert html.count('class="doubt"') == 4 and html.count('class="doubt-sign"') == 1
    assert 'aria-label="Not found in the cited source: a number or date' in html and "Ja.</p>" in html


def test_a_sign_stands_behind_a_link_and_not_inside() -> None:
    html = render("Siehe [Amt](https://example.org)", {1: ("/s/1/", "Handbuch")}, doubts={0: "words"})
    assert "</a><span class=" in html.replace("</span></a>", "</a>")


@pytest.fixture
def finch(parrot: Deployment) -> Deployment:
    return Deployment.objects.create(
        upstream=parrot.upstream, name="finch", model="bge-finch", kind="embedding", is_default=True
    )


@pytest.mark.usefixtures("finch")
async def test_the_verdict_is_stored_and_shown_even_without_an_embedding_model(
    conversation: Conversation, ask: Callable[..., Message], fake_upstream: FakeUpstream
) -> None:
    owner = conversation.owner
    collection = await Collection.objects.acreate(owner=owner, name="Haus")
    document = await in_database(accept, owner, collection, uploaded(LEAVE, "haus.txt"))
    await ingest(document.pk)
    await in_database(conversation.collections.add, collection)
    fake_upstream.fail(503)  # the search goes by words alone, then
    fake_upstream.reply("Der Jahresurlaub beträgt 29 Arbeitstage [1]. Er verfällt am 31. März [1].")
    answer = await in_database(ask, "Wie viel Urlaub gibt es?")
    await Writer(answer, "en").run()
    await answer.arefresh_from_db()
    assert (answer.status, answer.searched_in) == (Message.Status.DONE, ["Haus"])
    assert answer.support == {"checked": 2, "doubts": {"0": "number"}}
    assert (await in_database(answer_html, answer)).count('class="doubt-sign"') == 1
