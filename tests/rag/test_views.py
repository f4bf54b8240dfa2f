import asyncio
import json
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from rag.models import Collection, CollectionShare, Document, DocumentText
from rag.uploads import accept
from tests.conftest import UNKNOWN
from tests.rag.files import GARDEN, uploaded

PAGES = ["collection", "collection-edit", "collection-delete", "collection-status"]
DOCUMENT_PAGES = ["document", "document-status", "download", "document-delete"]
ACTIONS = ["upload", "share", "collection-edit", "collection-delete"]
DOCUMENT_ACTIONS = ["retry", "document-delete"]


@pytest.fixture
def document(collection: Collection, alice: User) -> Document:
    found = accept(alice, collection, uploaded(f"{GARDEN}\n\nZweiter Absatz <b>."))
    DocumentText.objects.create(document=found, text=f"{GARDEN}\n\nZweiter Absatz <b>.")
    Document.objects.update(status="ready")
    found.refresh_from_db()
    return found


def page(client: Client, name: str, *args: object, **query: object) -> str:
    response = client.get(reverse(f"rag:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_everything_asks_for_a_sign_in(document: Document, client: Client) -> None:
    for name in PAGES:
        assert client.get(reverse(f"rag:{name}", args=[document.collection_id])).status_code == 302
    for name in DOCUMENT_PAGES:
        assert client.get(reverse(f"rag:{name}", args=[document.pk])).status_code == 302


def test_a_script_that_is_not_signed_in_is_told_401(document: Document, client: Client) -> None:
    for name, pk in (("upload", document.collection_id), ("document-status", document.pk)):
        response = client.generic("POST", reverse(f"rag:{name}", args=[pk]), HTTP_ACCEPT="application/json")
        assert (response.status_code, response.json()["error"]) == (401, "not_signed_in")


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_gets_the_404_of_an_unknown_collection(
    collection: Collection, charlies_client: Client, name: str
) -> None:
    foreign = charlies_client.get(reverse(f"rag:{name}", args=[collection.pk]))
    unknown = charlies_client.get(reverse(f"rag:{name}", args=[UNKNOWN]))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content.replace(str(collection.pk).encode(), UNKNOWN.encode()) == unknown.content


@pytest.mark.parametrize("name", DOCUMENT_PAGES)
def test_a_stranger_gets_404_for_a_document(document: Document, charlies_client: Client, name: str) -> None:
    assert charlies_client.get(reverse(f"rag:{name}", args=[document.pk])).status_code == 404


@pytest.mark.parametrize("name", ACTIONS)
def test_a_reader_and_a_stranger_cannot_act_on_a_collection(
    collection: Collection, shared: CollectionShare, bobs_client: Client, charlies_client: Client, name: str
) -> None:
    for client in (bobs_client, charlies_client):
        assert client.post(reverse(f"rag:{name}", args=[collection.pk])).status_code == 404


@pytest.mark.parametrize("name", DOCUMENT_ACTIONS)
def test_a_reader_and_a_stranger_cannot_act_on_a_document(
    document: Document, shared: CollectionShare, bobs_client: Client, charlies_client: Client, name: str
) -> None:
    for client in (bobs_client, charlies_client):
        assert client.post(reverse(f"rag:{name}", args=[document.pk])).status_code == 404
    assert Document.objects.exists()


def test_the_list_shows_what_is_mine_my_teams_and_shared(
    collection: Collection, shared: CollectionShare, bob: User, bobs_client: Client
) -> None:
    team = Team.objects.create(name="Board")
    Membership.objects.create(user=bob, team=team)
    Collection.objects.create(name="Minutes", team=team)
    Collection.objects.create(name="Attached", owner=bob, is_attachment=True)
    found = page(bobs_client, "collections")
    assert found.index("Minutes") < found.index("Handbook")
    assert "Attached" not in found


@pytest.mark.parametrize("name", [*PAGES, "upload", "share"])
def test_the_files_of_a_conversation_are_no_collection_of_knowledge(
    document: Document, alices_client: Client, name: str
) -> None:
    Collection.objects.update(is_attachment=True)
    address = reverse(f"rag:{name}", args=[document.collection_id])
    data = {"name": "Renamed", "email": "bob@example.org", "role": "viewer", "files": uploaded("More")}
    assert {alices_client.get(address).status_code, alices_client.post(address, data).status_code} <= {404, 405}
    attached = Collection.objects.get()
    assert (attached.name, attached.shares.count(), attached.documents.count()) == ("Handbook", 0, 1)


@pytest.mark.parametrize("name", DOCUMENT_PAGES)
def test_the_files_of_a_conversation_open_for_its_owner_alone(
    document: Document, alices_client: Client, charlies_client: Client, name: str
) -> None:
    Collection.objects.update(is_attachment=True)
    address = reverse(f"rag:{name}", args=[document.pk])
    assert (alices_client.get(address).status_code, charlies_client.get(address).status_code) == (200, 404)


def test_a_collection_is_created_renamed_and_deleted(alices_client: Client, alice: User) -> None:
    alices_client.post(reverse("rag:collection-create"), {"name": "Garden", "purpose": "All about roses"})
    garden = Collection.objects.get(name="Garden", owner=alice)
    alices_client.post(reverse("rag:collection-edit", args=[garden.pk]), {"name": "Park", "purpose": ""})
    assert "Park" in page(alices_client, "collection-delete", garden.pk)
    alices_client.post(reverse("rag:collection-delete", args=[garden.pk]))
    assert not Collection.objects.exists()


def test_a_lead_creates_for_the_team_and_a_member_cannot(alices_client: Client, alice: User) -> None:
    team = Team.objects.create(name="Board")
    membership = Membership.objects.create(user=alice, team=team, role=Membership.Role.MEMBER)
    alices_client.post(reverse("rag:collection-create"), {"name": "One", "team": team.pk})
    assert Collection.objects.get(name="One").owner == alice
    Membership.objects.filter(pk=membership.pk).update(role=Membership.Role.LEAD)
    alices_client.post(reverse("rag:collection-create"), {"name": "Two", "team": team.pk})
    assert Collection.objects.get(name="Two").team == team


def test_sharing_by_email_and_its_end(
    collection: Collection, bob: User, alices_client: Client, bobs_client: Client
) -> None:
    alices_client.post(reverse("rag:share", args=[collection.pk]), {"email": "BOB@example.org", "role": "viewer"})
    assert "Handbook" in page(bobs_client, "collections")
    share = collection.shares.get(user=bob)
    alices_client.post(reverse("rag:unshare", args=[collection.pk, share.pk]))
    assert bobs_client.get(reverse("rag:collection", args=[collection.pk])).status_code == 404


@pytest.mark.parametrize("email", ["nobody@example.org", "alice@example.org", "no address"])
def test_sharing_with_nobody_tells_why(collection: Collection, alices_client: Client, email: str) -> None:
    response = alices_client.post(reverse("rag:share", args=[collection.pk]), {"email": email, "role": "viewer"})
    assert response.status_code == 400
    assert "errorlist" in response.content.decode()


def test_files_are_uploaded_by_a_plain_form(collection: Collection, alices_client: Client) -> None:
    files = [uploaded(name="a.txt"), uploaded("Another text", "b.md"), uploaded(b"", "empty.txt")]
    response = alices_client.post(reverse("rag:upload", args=[collection.pk]), {"files": files}, follow=True)
    found = response.content.decode()
    assert "2 files added." in found and "empty.txt: This file is empty." in found
    assert set(collection.documents.values_list("name", flat=True)) == {"a.txt", "b.md"}


def test_a_whole_folder_is_taken_at_once(collection: Collection, alices_client: Client) -> None:
    data = {"files": [uploaded(b"", f"{number}.txt") for number in range(150)]}
    response = alices_client.post(reverse("rag:upload", args=[collection.pk]), data)
    assert response.status_code == 302


def test_a_form_without_a_file_says_so(collection: Collection, alices_client: Client) -> None:
    response = alices_client.post(reverse("rag:upload", args=[collection.pk]), follow=True)
    assert "Choose a file first." in response.content.decode()


def send(client: Client, collection: Collection, **file: object) -> HttpResponse:
    url = reverse("rag:upload", args=[collection.pk])
    return client.post(url, {"files": uploaded(**file)}, headers={"accept": "application/json"})  # type: ignore[arg-type]


def test_a_script_is_answered_with_json(collection: Collection, alices_client: Client) -> None:
    response = send(alices_client, collection)
    [state] = json.loads(response.content)["documents"]
    assert (response.status_code, state["name"], state["status"]) == (201, "garden.txt", "queued")
    [again] = json.loads(send(alices_client, collection).content)["documents"]
    assert (again["id"], again["already_there"]) == (state["id"], True)


def test_a_script_learns_why_a_file_is_refused(collection: Collection, alices_client: Client) -> None:
    response = send(alices_client, collection, name="song.mp3")
    [refused] = json.loads(response.content)["refused"]
    assert (response.status_code, refused["code"]) == (415, "type_not_allowed")


def test_the_states_of_documents_can_be_polled(document: Document, alices_client: Client) -> None:
    Document.objects.update(status="failed", error="no_text", done=3, total=7)
    state = json.loads(page(alices_client, "document-status", document.pk))
    assert (state["status"], state["label"], state["done"], state["total"]) == ("failed", "failed", 3, 7)
    assert state["reason"].startswith("No text was found")
    polled = json.loads(page(alices_client, "collection-status", document.collection_id, id=document.pk))
    assert polled == {"documents": [state], "summary": "1 document, 1 not read"}


def test_a_failed_document_is_tried_again(document: Document, alices_client: Client) -> None:
    Document.objects.update(status="failed", error="no_text")
    alices_client.post(reverse("rag:retry", args=[document.pk]))
    assert Document.objects.get().status == Document.Status.QUEUED


def test_a_document_that_is_being_read_is_left_alone_by_a_retry(document: Document, alices_client: Client) -> None:
    Document.objects.update(status="parsing")
    alices_client.post(reverse("rag:retry", args=[document.pk]))
    assert Document.objects.get().status == Document.Status.PARSING


def test_the_passage_is_marked_and_all_text_is_escaped(document: Document, alices_client: Client) -> None:
    found = page(alices_client, "document", document.pk, start=4, end=10)
    assert '<p>Der <mark id="passage" tabindex="-1">Garten</mark> öffnet' in found
    assert "Absatz &lt;b&gt;." in found


@pytest.mark.parametrize(
    "query",
    [{"start": "x"}, {"start": -1, "end": 5}, {"start": 9, "end": 2}, {"start": 10**30, "end": 10**31}, {"page": "٣"}],
)
def test_a_span_that_is_none_marks_nothing(document: Document, alices_client: Client, query: dict[str, object]) -> None:
    assert "<mark" not in page(alices_client, "document", document.pk, **query)


def test_the_way_back_is_kept_from_part_to_part(document: Document, alices_client: Client) -> None:
    DocumentText.objects.update(text="lang " * 20_000)
    found = page(alices_client, "document", document.pk, back="/c/1/#m-2")
    assert 'href="/c/1/#m-2"' in found and 'href="?back=%2Fc%2F1%2F%23m-2&amp;page=2"' in found


@pytest.mark.parametrize(
    "back",
    [
        "https://elsewhere.org/",
        "//elsewhere.org/",
        "/\\elsewhere.org",
        "///x",
        "javascript:alert(1)",
        "c/1",
        "/\t/x",
        "",
    ],
)
def test_a_way_back_to_another_site_is_ignored(document: Document, alices_client: Client, back: str) -> None:
    assert "Back to the answer" not in page(alices_client, "document", document.pk, back=back)


def test_only_a_document_of_a_collection_belongs_to_knowledge(document: Document, alices_client: Client) -> None:
    assert 'aria-current="page"' in page(alices_client, "document", document.pk)
    Collection.objects.update(is_attachment=True)
    assert 'aria-current="page"' not in page(alices_client, "document", document.pk)


def test_a_reader_sees_the_text_but_no_way_to_change_it(
    document: Document, shared: CollectionShare, bobs_client: Client
) -> None:
    assert "Garten" in page(bobs_client, "document", document.pk)
    assert ">Delete<" not in page(bobs_client, "document", document.pk)
    assert "Add files" not in page(bobs_client, "collection", document.collection_id)


def test_the_original_is_handed_out_as_a_foreign_file(transactional_db: None, document: Document, alice: User) -> None:
    async def download() -> tuple[bytes, dict[str, str]]:
        client = AsyncClient()
        await client.aforce_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
        response = await client.get(reverse("rag:download", args=[document.pk]))
        return b"".join([piece async for piece in response.streaming_content]), dict(response.headers)  # type: ignore[union-attr]

    Document.objects.update(name='Plän "neu".html.txt')
    content, headers = asyncio.run(download())
    assert content == document.file.read()
    assert headers["Content-Disposition"].startswith("attachment; filename")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_the_list_of_documents_needs_few_queries(
    document: Document, alices_client: Client, alice: User, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(20):
        accept(alice, document.collection, uploaded(f"text {number}"))
    alices_client.get("/keys/")  # the first page of a session notes where it is
    with django_assert_max_num_queries(19):  # type: ignore[attr-defined]
        page(alices_client, "collection", document.collection_id)
