"""Who sees a collection, until when it counts, what leaves the house, and documents that move."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Team, User
from gateway.callers import Caller
from gateway.models import Upstream
from rag import batches, listing, sharing
from rag.ingestion import ingest
from rag.models import Chunk, Collection, CollectionShare, Document, DocumentQuerySet, Posting, Vector
from rag.retrieval import retrieve
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import BUDGET, GARDEN, uploaded
from tests.rag.test_ingestion import contents, ingested
from tests.rag.test_views import page


@pytest.fixture
def board(bob: User) -> Team:
    team = Team.objects.create(name="Board")
    Membership.objects.create(user=bob, team=team)
    return team


@pytest.fixture
def target(alice: User) -> Collection:
    return Collection.objects.create(name="Archive", owner=alice)


@pytest.fixture
def document(embedder: FakeUpstream, collection: Collection, alice: User) -> Document:
    return ingested(accept(alice, collection, uploaded()))


def share(client: Client, collection: Collection, **data: object) -> int:
    return client.post(reverse("rag:share", args=[collection.pk]), {"role": "viewer", **data}).status_code


def test_a_team_shared_with_reads_until_it_is_revoked_or_left(
    collection: Collection, board: Team, bob: User, alices_client: Client
) -> None:
    assert share(alices_client, collection, team=board.pk) == 302
    assert list(Collection.objects.visible_to(bob)) == [collection]
    assert not Collection.objects.editable_by(bob).exists()
    Membership.objects.all().delete()
    assert not Collection.objects.visible_to(bob).exists()


def test_a_team_of_editors_may_add(collection: Collection, board: Team, bob: User, alices_client: Client) -> None:
    share(alices_client, collection, team=board.pk)
    share(alices_client, collection, team=board.pk, role="editor")
    assert CollectionShare.objects.get().role == "editor"
    assert list(Collection.objects.editable_by(bob)) == [collection]


@pytest.mark.parametrize("both", [True, False])
def test_sharing_names_one_person_or_one_team(
    collection: Collection, board: Team, alices_client: Client, both: bool
) -> None:
    named = {"email": "bob@example.org", "team": board.pk} if both else {}
    assert share(alices_client, collection, **named) == 400


def test_who_sees_it_is_said_in_a_sentence(
    collection: Collection, shared: CollectionShare, board: Team, alice: User, bob: User
) -> None:
    CollectionShare.objects.create(collection=collection, team=board, role="editor")
    may_edit = "may add and remove documents"
    assert sharing.sentence(collection, alice) == f"you, the team Board ({may_edit}) and Bob (may read)"
    assert sharing.sentence(collection, bob) == f"Alice, the team Board ({may_edit}) and you (may read)"


def ends(collection: Collection, days: int) -> None:
    Collection.objects.filter(pk=collection.pk).update(valid_until=timezone.localdate() + timedelta(days=days))


@pytest.mark.parametrize(("days", "is_told"), [(-1, True), (13, True), (15, False)])
def test_its_owner_is_reminded_of_the_end(
    collection: Collection, alices_client: Client, days: int, is_told: bool
) -> None:
    ends(collection, days)
    assert ("Renew it" in page(alices_client, "collections")) == is_told
    assert ("Renew it" in page(alices_client, "collection", collection.pk)) == is_told


def test_a_reader_is_told_that_it_has_ended_but_not_to_renew_it(
    collection: Collection, shared: CollectionShare, bobs_client: Client
) -> None:
    ends(collection, -1)
    found = page(bobs_client, "collection", collection.pk)
    assert "answers no longer draw on it" in found and "Renew it" not in found


def test_on_its_last_day_it_is_valid(collection: Collection) -> None:
    ends(collection, 0)
    assert Collection.objects.valid().exists()
    ends(collection, -1)
    assert not Collection.objects.valid().exists()


def test_a_confidential_text_is_not_sent_to_a_model_elsewhere(
    embedder: FakeUpstream, collection: Collection, alice: User
) -> None:
    Collection.objects.update(data_class="confidential")
    document = ingested(accept(alice, collection, uploaded()))
    assert (document.error, embedder.calls) == ("outside_the_house", [])
    Upstream.objects.update(in_house=True)
    Document.objects.requeue()
    assert ingested(document).status == Document.Status.READY


def one(document: Document) -> DocumentQuerySet:
    return Document.objects.filter(pk=document.pk)


def test_a_moved_document_is_found_there_and_only_there(document: Document, target: Collection, alice: User) -> None:
    before = contents(document)
    assert batches.move_all(alice, one(document), document.collection, target) == []
    assert contents(document) == before
    for table in (Document, Chunk, Posting, Vector):
        assert table.objects.values_list("collection", flat=True).distinct().get() == target.pk

    def found(where: object) -> int:
        return len(asyncio.run(retrieve(Caller(alice), "Garten", Collection.objects.filter(pk=where))))

    assert (found(document.collection_id), found(target.pk)) == (0, 1)


def test_a_document_moved_while_it_is_read_arrives_where_it_is(
    embedder: FakeUpstream, collection: Collection, target: Collection, alice: User
) -> None:
    document = accept(alice, collection, uploaded())

    async def scenario() -> None:
        embedder.hang()
        work = asyncio.create_task(ingest(document.pk))
        await asyncio.to_thread(embedder.wait_for, lambda upstream: upstream.calls, 60)
        await asyncio.to_thread(moved, document, target, alice)
        work.cancel()
        await asyncio.wait([work])

    asyncio.run(scenario())
    Document.objects.requeue()
    ingested(document)
    assert Vector.objects.values_list("collection", flat=True).distinct().get() == target.pk


def moved(document: Document, target: Collection, alice: User) -> None:
    batches.move_all(alice, one(document), document.collection, target)
    connection.close()


def test_what_the_target_already_holds_stays(document: Document, target: Collection, alice: User) -> None:
    accept(alice, target, uploaded())
    [(name, reason)] = batches.move_all(alice, one(document), document.collection, target)
    assert (name, str(reason)) == ("garden.txt", "The collection holds this document already.")


def test_an_editor_takes_nothing_out_of_a_confidential_collection(
    document: Document, shared: CollectionShare, bob: User, alice: User
) -> None:
    Collection.objects.update(data_class="confidential")
    CollectionShare.objects.update(role="editor")
    own = Collection.objects.create(name="Bob's", owner=bob)
    [(_name, reason)] = batches.move_all(bob, one(document), Collection.objects.get(pk=document.collection_id), own)
    assert reason.code == "may_not_leave"


def test_chosen_documents_are_moved_by_the_page(document: Document, target: Collection, alices_client: Client) -> None:
    data = {"documents": [document.pk], "target": target.pk}
    response = alices_client.post(reverse("rag:move", args=[document.collection_id]), data, follow=True)
    assert "1 document moved to “Archive”." in response.content.decode()


def test_nothing_is_moved_to_where_one_may_not_add(
    document: Document, bob: User, alices_client: Client, shared: CollectionShare
) -> None:
    foreign = Collection.objects.create(name="Bob's", owner=bob)
    foreign.shares.create(user=document.uploaded_by, role="viewer")
    data = {"documents": [document.pk], "target": foreign.pk}
    alices_client.post(reverse("rag:move", args=[document.collection_id]), data)
    assert not foreign.documents.exists()


@pytest.fixture
def many(collection: Collection, alice: User) -> Collection:
    status = {0: "failed", 1: "queued"}
    Document.objects.bulk_create(
        Document(
            collection=collection,
            uploaded_by=alice,
            name=f"Bericht {n:04}.txt",
            folder="Berichte/2024" if n % 2 else "",
            size=n,
            sha256=str(n),
            media_type="text/plain",
            status=status.get(n, "ready"),
        )
        for n in range(1_000)
    )
    return collection


def test_a_page_of_a_thousand_documents_takes_few_queries(
    many: Collection, alices_client: Client, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    alices_client.get("/keys/")  # the first page of a session notes where it is
    with django_assert_max_num_queries(19):  # type: ignore[attr-defined]
        found = page(alices_client, "collection", many.pk)
    assert found.count("<tr data-document") == 50
    assert "1000 documents, 1 under way, 1 not read" in found


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"name": "bericht 00"}, 100),
        ({"state": "stopped"}, 1),
        ({"state": "unfinished"}, 1),
        ({"folder": "Berichte"}, 500),
        ({"name": "berichte", "state": "ready"}, 499),
        ({"state": "nonsense", "sort": "nonsense"}, 1_000),
        ({"name": "%"}, 0),
    ],
)
def test_documents_are_found_by_name_state_and_folder(
    many: Collection, alices_client: Client, query: dict[str, str], count: int
) -> None:
    context = alices_client.get(reverse("rag:collection", args=[many.pk]), query).context
    assert context["documents"].paginator.count == count


def test_folders_above_are_offered_too(many: Collection) -> None:
    assert listing.folders(many) == ["Berichte", "Berichte/2024"]


def test_all_are_cancelled_and_tried_again_by_the_page(many: Collection, alices_client: Client) -> None:
    alices_client.post(reverse("rag:cancel-all", args=[many.pk]))
    assert many.documents.filter(status="cancelled").count() == 1
    alices_client.post(reverse("rag:retry-all", args=[many.pk]))
    assert many.documents.filter(status="queued").count() == 2


def test_a_folder_comes_with_its_files(collection: Collection, alices_client: Client) -> None:
    files = [uploaded(GARDEN, "a.txt"), uploaded(BUDGET, "a.txt"), uploaded(b"", "b.txt")]
    data = {"files": files, "folder": ["Haus/2024", "Haus/../2025", "Haus"]}
    response = alices_client.post(
        reverse("rag:upload", args=[collection.pk]), data, headers={"accept": "application/json"}
    )
    assert len(json.loads(response.content)["refused"]) == 1
    assert sorted(document.path for document in collection.documents.all()) == ["Haus/2024/a.txt", "Haus/2025/a.txt"]
