"""Search as such: passages with the words marked, page by page, and what an answer would be drawn from."""

import asyncio
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from gateway.callers import Caller
from rag import searching
from rag.models import Collection, CollectionShare
from rag.retrieval import Passages
from rag.uploads import accept
from tests.conftest import BACKEND
from tests.fake_upstream import FakeUpstream
from tests.rag.files import BUDGET, GARDEN, uploaded
from tests.rag.test_ingestion import ingested


@pytest.fixture
def handbook(embedder: FakeUpstream, collection: Collection, alice: User) -> Collection:
    for text, name in ((GARDEN, "garden.txt"), (BUDGET, "budget.txt")):
        ingested(accept(alice, collection, uploaded(text, name)))
    return collection


def get(user: User, name: str, *args: object, **query: object) -> str:
    async def ask() -> str:
        client = AsyncClient()
        await client.aforce_login(user, backend=BACKEND)
        response = await client.get(reverse(f"rag:{name}", args=args), query)
        assert response.status_code == 200
        return response.content.decode()

    return asyncio.run(ask())


def test_the_words_are_marked_in_every_form(handbook: Collection, alice: User) -> None:
    found = get(alice, "collection-search", handbook.pk, q="Gärten und Straßen")
    assert "<mark>Garten</mark>" in found and "<mark>Straße</mark>" in found
    assert "start=0" in found and "version=1" in found


def test_a_reader_searches_and_a_stranger_finds_nothing(
    handbook: Collection, shared: CollectionShare, bob: User, charlie: User
) -> None:
    for name, args in (("search", []), ("collection-search", [handbook.pk])):
        assert "<mark>Garten</mark>" in get(bob, name, *args, q="Garten")
    assert "Nothing was found" in get(charlie, "search", q="Garten")
    shared.delete()
    assert "Nothing was found" in get(bob, "search", q="Garten")


def test_what_has_ended_is_found_only_where_it_is_asked_for(handbook: Collection, alice: User) -> None:
    Collection.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    assert "Nothing was found" in get(alice, "search", q="Garten")
    assert "<mark>Garten</mark>" in get(alice, "collection-search", handbook.pk, q="Garten")


def test_it_is_said_when_words_alone_were_compared(handbook: Collection, alice: User, embedder: FakeUpstream) -> None:
    for _ in range(5):
        embedder.fail(503)
    found = get(alice, "collection-search", handbook.pk, q="Garten")
    assert "by its words alone" in found and "<mark>Garten</mark>" in found


def test_no_chat_model_is_asked(handbook: Collection, alice: User, embedder: FakeUpstream) -> None:
    get(alice, "collection-search", handbook.pk, q="Garten")
    assert {call.path for call in embedder.calls} == {"/v1/embeddings"}


def test_results_come_page_by_page(embedder: FakeUpstream, collection: Collection, alice: User) -> None:
    for number in range(13):
        ingested(accept(alice, collection, uploaded(f"Der Garten Nummer {number} hat Rosen.", f"{number}.txt")))
    scope = Collection.objects.filter(pk=collection.pk)
    first, second = (asyncio.run(searching.search(Caller(alice), "Garten", scope, page)) for page in (1, 2))
    assert ([hit.number for hit in first.hits], first.has_next) == (list(range(1, 11)), True)
    assert ([hit.number for hit in second.hits], second.has_next) == ([11, 12, 13], False)
    assert len({hit.document.pk for hit in [*first.hits, *second.hits]}) == 13


@pytest.mark.parametrize("query", [{}, {"q": " "}, {"q": "Garten", "page": "x"}, {"q": "x" * 5_000}])
def test_a_question_that_is_none_shows_the_form(handbook: Collection, alice: User, query: dict[str, str]) -> None:
    assert 'name="q"' in get(alice, "search", **query)


@pytest.mark.parametrize(
    "text", ["<b>Garten</b> & 'Hof' | x:*", 'Garten \\ " ( ) ! <-> {}', "https://g.org/?a=1&b=Garten"]
)
def test_marking_changes_no_character(transactional_db: None, text: str) -> None:
    connection.ensure_connection()
    [pieces] = searching._marked(text, ["german"], [text])
    assert "".join(piece.text for piece in pieces) == text


def test_the_try_out_shows_what_a_model_would_get(handbook: Collection, alice: User) -> None:
    found = get(alice, "try-out", handbook.pk, q="Wann öffnet der Garten?")
    assert re.search(r"Source 1.*Score \d\.\d+, of words \d\.\d+, of meaning", found) and "garden.txt" in found


def test_the_try_out_says_why_nothing_is_found(collection: Collection, alice: User, embedder: FakeUpstream) -> None:
    assert "No document of this collection is ready" in get(alice, "try-out", collection.pk, q="Garten")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"document": "GARD"}, True),
        ({"document": "budget"}, False),
        ({"document": "nowhere"}, False),
        ({"since": "2020-01-01"}, True),
        ({"until": "2020-01-01"}, False),
        ({"since": "nonsense"}, False),
    ],
)
def test_a_search_is_narrowed_by_document_and_day(
    handbook: Collection, alice: User, query: dict[str, str], is_found: bool
) -> None:
    found = get(alice, "collection-search", handbook.pk, q="Garten", **query)
    assert ("<mark>Garten</mark>" in found) == is_found


def test_the_try_out_says_how_far_the_best_was_from_enough(
    handbook: Collection, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_args: object, **_named: object) -> Passages:
        found = Passages()
        found.nearest, found.threshold = 0.21, 0.35
        return found

    monkeypatch.setattr(searching, "retrieve", nothing)
    assert "The best passage scores 0.21; at least 0.35 is asked for." in get(alice, "try-out", handbook.pk, q="Mond")
