import asyncio
import json
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts.models import Membership, Team, User
from gateway.callers import Caller
from gateway.models import Deployment
from rag import finding, words
from rag.ingestion import ingest
from rag.models import Collection, CollectionShare, Document
from rag.retrieval import Passage, Passages, retrieve
from rag.uploads import accept
from tests.fake_upstream import Connection, FakeUpstream, vector_of
from tests.rag.files import BUDGET, GARDEN, pdf, uploaded


def learn(user: User, collection: Collection, text: str | bytes, name: str = "text.txt") -> Document:
    document = accept(user, collection, uploaded(text, name))
    asyncio.run(ingest(document.pk))
    document.refresh_from_db()
    assert document.status == Document.Status.READY
    return document


def ask(
    user: User, question: str, collections: QuerySet[Collection] | None = None, limit: int = 6, *, anyway: bool = False
) -> Passages:
    scope = Collection.objects.all() if collections is None else collections
    return asyncio.run(retrieve(Caller(user), question, scope, limit, anyway=anyway))


def embeds_as(embedder: FakeUpstream, *vectors: list[float]) -> None:
    data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    embedder.send(json.dumps({"data": data, "usage": {"prompt_tokens": 1}}).encode(), content_type="application/json")


@pytest.fixture
def handbook(embedder: FakeUpstream, collection: Collection, alice: User) -> Collection:
    learn(alice, collection, GARDEN, "garden.txt")
    learn(alice, collection, pdf(["Nothing to see.", BUDGET]), "budget.pdf")
    return collection


def test_the_passage_that_holds_the_words_comes_first(handbook: Collection, alice: User) -> None:
    first = ask(alice, "Wann öffnen die Gärten?")[0]
    assert (first.document_name, first.text, first.page) == ("garden.txt", GARDEN, None)


def test_a_passage_names_page_span_and_version(handbook: Collection, alice: User) -> None:
    first = ask(alice, "Which members approved budgets?")[0]
    document = Document.objects.get(pk=first.document_id)
    assert document.content.text[first.start : first.end] == first.text
    assert (first.page, first.version) == (2, document.version)
    assert BUDGET in first.text


HOURS = "Geöffnet ist täglich von neun bis achtzehn Uhr, im Winter nur bis sechzehn Uhr. An Feiertagen bleibt zu."
DOGS = (
    "Hunde dürfen mit, wenn sie an der Leine sind. Für ihren Napf steht Wasser am Brunnen neben dem alten Tor bereit."
)
TICKETS = "Eine Karte kostet drei Euro. Kinder und alle, die im Verein mitarbeiten, kommen ohne eine Karte in den Park."
VISITORS = f"Besuch\n\n{HOURS}\n\nTiere\n\n{DOGS}\n\nEintritt\n\n{TICKETS}"


def focus(passage: Passage) -> str:
    return Document.objects.get(pk=passage.document_id).content.text[passage.focus_start : passage.focus_end]


@pytest.mark.parametrize(
    ("question", "answer"),
    [("Was kostet die Karte?", TICKETS), ("Dürfen Hunde mit?", DOGS), ("Ist an Feiertagen geöffnet?", HOURS)],
)
def test_a_passage_knows_its_part_that_answers(handbook: Collection, alice: User, question: str, answer: str) -> None:
    learn(alice, handbook, VISITORS, "visitors.txt")
    first = ask(alice, question)[0]
    assert (first.text, focus(first)) == (VISITORS, answer)


def test_without_the_model_words_find_the_part_that_answers(
    handbook: Collection, alice: User, embedder: FakeUpstream
) -> None:
    learn(alice, handbook, VISITORS, "visitors.txt")
    for _ in range(5):
        embedder.fail(503)
    assert focus(ask(alice, "Wo steht ein Napf für Hunde?")[0]) == DOGS


def test_words_are_found_in_every_language_that_is_there(handbook: Collection, alice: User) -> None:
    found = [passage for passage in ask(alice, "Straße budget", anyway=True) if passage.words]
    assert {passage.document_name for passage in found} == {"garden.txt", "budget.pdf"}


def test_a_stranger_finds_nothing(handbook: Collection, charlie: User) -> None:
    assert ask(charlie, "Garten budget") == []
    assert ask(charlie, "Garten", Collection.objects.filter(pk=handbook.pk)) == []


def test_sharing_opens_and_its_end_closes(handbook: Collection, bob: User, shared: CollectionShare) -> None:
    assert ask(bob, "Garten")
    shared.delete()
    assert ask(bob, "Garten") == []


def test_who_leaves_the_team_loses_its_passages(embedder: FakeUpstream, charlie: User, alice: User) -> None:
    team = Team.objects.create(name="Board")
    minutes = Collection.objects.create(name="Minutes", team=team)
    Membership.objects.create(user=alice, team=team)
    membership = Membership.objects.create(user=charlie, team=team)
    learn(alice, minutes, GARDEN)
    assert ask(charlie, "Garten")
    membership.delete()
    assert ask(charlie, "Garten") == []


def test_only_the_asked_collections_are_searched(handbook: Collection, alice: User) -> None:
    other = Collection.objects.create(name="Other", owner=alice)
    learn(alice, other, "Die Rosen im Garten blühen im Juni besonders schön und lange.")
    found = ask(alice, "Garten", Collection.objects.filter(pk=other.pk))
    assert [passage.text[:9] for passage in found] == ["Die Rosen"]


@pytest.mark.parametrize("scope", [Collection.objects.none(), Collection.objects.filter(name="no such")])
def test_no_collection_means_no_passage(handbook: Collection, alice: User, scope: QuerySet[Collection]) -> None:
    assert ask(alice, "Garten", scope) == []


def test_the_collections_of_others_do_not_change_the_ranking(handbook: Collection, alice: User, charlie: User) -> None:
    before = [(passage.text, passage.score) for passage in ask(alice, "Garten Straße")]
    foreign = Collection.objects.create(name="Foreign", owner=charlie)
    for number in range(3):
        learn(charlie, foreign, f"Garten Garten Straße {number}")
    assert [(passage.text, passage.score) for passage in ask(alice, "Garten Straße")] == before


def test_the_same_text_twice_is_one_passage(handbook: Collection, alice: User) -> None:
    other = Collection.objects.create(name="Copy", owner=alice)
    learn(alice, other, GARDEN.replace(" ", "  ") + "\n")
    assert len([passage for passage in ask(alice, "Garten") if "Garten" in passage.text]) == 1


def test_without_the_model_words_alone_answer_and_it_is_told(
    handbook: Collection, alice: User, embedder: FakeUpstream
) -> None:
    assert not ask(alice, "Garten").degraded
    for _ in range(5):
        embedder.fail(503)
    found = ask(alice, "Garten")
    assert found.degraded
    assert [passage.text for passage in found] == [GARDEN]


@pytest.mark.parametrize("question", ["der die das und", "the of and", "?", "' \" \\ % {} :& |", "🌻"])
def test_questions_without_a_word_that_counts_do_no_harm(handbook: Collection, alice: User, question: str) -> None:
    assert len(ask(alice, question)) <= 3


def test_an_endless_question_and_zero_bytes_are_answered(handbook: Collection, alice: User) -> None:
    assert ask(alice, "Gar\x00ten " + "x" * 10_000)[0].text == GARDEN


@pytest.mark.parametrize("question", ["", " \n", "\x00"])
def test_no_question_no_answer(handbook: Collection, alice: User, question: str) -> None:
    assert ask(alice, question) == []


def test_the_limit_holds(handbook: Collection, alice: User) -> None:
    assert len(ask(alice, "Garten budget", limit=1, anyway=True)) == 1


def test_vectors_of_another_length_are_passed_over(handbook: Collection, alice: User, embedder: FakeUpstream) -> None:
    embeds_as(embedder, [1, 0, 0])
    found = ask(alice, "Garten")
    assert (found[0].text, found.degraded) == (GARDEN, True)


UNRELATED, ASKED, AGAINST, OPPOSITE = [0.0, 1.0], [1.0, 0.0], [-0.1, 1.0], [-1.0, 0.0]


@pytest.mark.parametrize(("near", "far"), [(AGAINST, OPPOSITE), (UNRELATED, UNRELATED), (UNRELATED, OPPOSITE)])
def test_what_is_opposed_in_meaning_does_not_win(
    embedder: FakeUpstream, collection: Collection, alice: User, near: list[float], far: list[float]
) -> None:
    for text, vector in ((GARDEN, near), (BUDGET, far)):
        embeds_as(embedder, vector)
        learn(alice, collection, text)
    embeds_as(embedder, ASKED)
    first, second = ask(alice, "Garten")
    assert first.text == GARDEN and second.score == 0


@pytest.mark.parametrize("near", [AGAINST, UNRELATED])
def test_the_part_that_is_opposed_in_meaning_is_not_the_answer(
    embedder: FakeUpstream, collection: Collection, alice: User, near: list[float]
) -> None:
    embeds_as(embedder, OPPOSITE, OPPOSITE, near)
    learn(alice, collection, VISITORS)
    embeds_as(embedder, ASKED)
    assert focus(ask(alice, "Was kostet die Karte?")[0]) == TICKETS


def test_a_new_public_name_of_the_model_changes_nothing(handbook: Collection, alice: User) -> None:
    before = ask(alice, "Garten budget")
    Deployment.objects.update(name="goldfinch")
    after = ask(alice, "Garten budget")
    assert (after, after.degraded) == (before, False)


def test_compounds_are_looked_up_where_the_database_knows_nothing_of_its_tables_yet(
    handbook: Collection, alice: User
) -> None:
    """As a join, all terms of the corpus were stemmed for each cut of a word: most of a second for sixty passages."""
    scope, plan = finding.scope_of(alice, Collection.objects.all()), list[str]()

    def explained(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "rag_splits" in sql:
            execute(f"EXPLAIN {sql}", params, many, context)
            plan.extend(line for (line,) in context["cursor"].fetchall())
        return execute(sql, params, many, context)

    assert scope
    with connection.execute_wrapper(explained):
        words.begin(["Gartenhausschlüssel"], None, scope, None)
    joined = [line for line in plan if "Join Filter" in line and "posting" in line]
    assert plan and not [line for line in joined if "rarity" not in line]  # that of the few terms asked for


def test_words_are_looked_for_while_the_vector_is_made(
    handbook: Collection, alice: User, embedder: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, begin = Event(), words.begin

    def beginning(*args: Any) -> object:
        found = begin(*args)
        begun.set()
        return found

    async def answers(connection: Connection) -> None:
        if await asyncio.to_thread(begun.wait, 5):
            await connection.json({"data": [{"embedding": vector_of("Garten")}]})

    monkeypatch.setattr(words, "begin", beginning)
    embedder.do(answers)
    assert not ask(alice, "Garten").degraded


def test_a_share_that_ends_while_the_vector_is_made_opens_nothing(
    handbook: Collection, bob: User, shared: CollectionShare, embedder: FakeUpstream
) -> None:
    async def ends(connection: Connection) -> None:
        await asyncio.sleep(0.2)  # the words have been found
        await CollectionShare.objects.all().adelete()
        await connection.json({"data": [{"embedding": vector_of("Garten")}]})

    assert ask(bob, "Garten")
    embedder.do(ends)
    assert ask(bob, "Garten") == []


def test_the_last_use_of_a_document_is_noted_once_a_day(handbook: Collection, alice: User) -> None:
    def noted() -> datetime | None:
        return Document.objects.get(pk=ask(alice, "Garten")[0].document_id).used_at

    first = noted()
    assert first and noted() == first
    Document.objects.update(used_at=first - timedelta(days=2))
    assert (again := noted()) and again > first
