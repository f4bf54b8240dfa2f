"""Whose passages a search can return changes with the rights at that moment, and never returns a stranger's."""

import asyncio
from collections.abc import Callable

import pytest

from accounts.models import Membership, Team, User
from gateway.database import in_database
from rag.exceptions import AlreadyThere
from rag.ingestion import ingest
from rag.models import Chunk, Collection, CollectionShare, Document, Posting, Vector
from rag.moving import move
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import GARDEN, uploaded
from tests.rag.test_retrieval import ask, learn


@pytest.fixture
def document(embedder: FakeUpstream, collection: Collection, alice: User) -> Document:
    return learn(alice, collection, GARDEN)


@pytest.fixture
def drawer(alice: User) -> Collection:
    return Collection.objects.create(name="Drawer", owner=alice)


def unshared(collection: Collection, charlie: User) -> Callable[[], object]:
    return CollectionShare.objects.create(collection=collection, user=charlie).delete


def left_team(collection: Collection, charlie: User) -> Callable[[], object]:
    team = Team.objects.create(name="Board")
    Collection.objects.filter(pk=collection.pk).update(owner=None, team=team)
    return Membership.objects.create(user=charlie, team=team).delete


def moved(collection: Collection, charlie: User) -> Callable[[], object]:
    unshared(collection, charlie)
    drawer = Collection.objects.create(name="Drawer", owner=collection.owner)
    return lambda: move(Document.objects.get(), drawer)


def handed_over(collection: Collection, charlie: User) -> Callable[[], object]:
    former = Collection.objects.filter(pk=collection.pk)
    owner, _ = collection.owner, former.update(owner=charlie)
    return lambda: former.update(owner=owner)


@pytest.mark.parametrize("right", [unshared, left_team, moved, handed_over])
def test_who_loses_the_right_finds_nothing_from_then_on(
    document: Document, collection: Collection, charlie: User, right: Callable[[Collection, User], Callable[[], object]]
) -> None:
    end = right(collection, charlie)
    assert [passage.text for passage in ask(charlie, "Garten")] == [GARDEN]
    end()
    for question in ("Garten", GARDEN, "Wann öffnet er?"):
        assert ask(charlie, question) == []
        assert ask(charlie, question, Collection.objects.all()) == []


def test_a_moved_document_is_found_where_it_is_now(
    document: Document, collection: Collection, drawer: Collection, alice: User
) -> None:
    move(document, drawer)
    assert ask(alice, "Garten", Collection.objects.filter(pk=collection.pk)) == []
    assert ask(alice, "Garten", Collection.objects.filter(pk=drawer.pk))[0].text == GARDEN
    for kind in (Chunk, Posting, Vector):
        assert set(kind.objects.values_list("collection", flat=True)) == {drawer.pk}


def test_a_document_moved_while_it_is_read_ends_where_it_was_moved_to(
    embedder: FakeUpstream, collection: Collection, drawer: Collection, alice: User
) -> None:
    document = accept(alice, collection, uploaded())

    async def scenario() -> None:
        work = asyncio.create_task(ingest(document.pk))
        await asyncio.to_thread(embedder.wait_for, lambda upstream: upstream.calls)
        await in_database(move, document, drawer)
        await work

    asyncio.run(scenario())
    for kind in (Chunk, Posting, Vector):
        assert set(kind.objects.values_list("collection", flat=True)) == {drawer.pk}


def test_a_collection_that_holds_the_same_refuses_it(document: Document, drawer: Collection, alice: User) -> None:
    learn(alice, drawer, GARDEN)
    with pytest.raises(AlreadyThere):
        move(document, drawer)
    assert Document.objects.get(pk=document.pk).collection != drawer
