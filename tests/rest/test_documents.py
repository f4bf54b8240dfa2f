"""Collections and documents: sent, read, found, shared."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team, User
from rag.models import Collection, Document
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.conftest import collection, embedder  # noqa: F401  (fixtures)
from tests.rag.files import BUDGET, GARDEN, pdf, uploaded
from tests.rag.test_ingestion import ingested
from tests.rest.conftest import BASE, Api, signed_in


def send(api: Api, path: str, name: str = "garten.txt", content: bytes = GARDEN.encode(), **fields: str) -> Any:
    sent = {"file": SimpleUploadedFile(name, content), **fields}
    return api.client.post(BASE + path, sent, headers=api.headers)


def content(response: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(read)()


@pytest.mark.django_db
def test_a_file_is_sent_and_its_state_followed(api: Api, alice: User) -> None:
    made = api.post("/collections", {"name": "Haus", "purpose": "Alles"}).json()
    told = send(api, f"/collections/{made['id']}/documents", folder="Hof/Garten")
    assert (told.status_code, told.json()["status"], told.json()["folder"]) == (201, "queued", "Hof/Garten")
    assert api.get(f"/documents/{told.json()['id']}").json()["name"] == "garten.txt"
    again = send(api, f"/collections/{made['id']}/documents")
    assert again.json()["already_there"] and Document.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "refused"),
    [("leer.txt", b"", (400, "empty_file")), ("x.exe", b"MZ", (415, "type_not_allowed")),
     ("x.pdf", b"Haus", (415, "content_mismatch"))],
)  # fmt: skip
def test_a_file_that_will_not_do_is_refused(
    api: Api,
    collection: Collection,  # noqa: F811
    name: str,
    content: bytes,
    refused: tuple[int, str],
) -> None:
    told = send(api, f"/collections/{collection.pk}/documents", name, content)
    assert (told.status_code, told.json()["code"]) == refused and not Document.objects.exists()


@pytest.mark.django_db
def test_an_upload_without_a_file_is_refused(api: Api, collection: Collection) -> None:  # noqa: F811
    path = f"{BASE}/collections/{collection.pk}/documents"
    assert api.client.post(path, {"file": "no file"}).status_code == 422
    half = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nHa'
    broken = api.client.post(path, half, content_type="multipart/form-data; boundary=")
    assert broken.status_code in (400, 422) and not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_was_read_is_opened_and_found(
    api: Api,
    alice: User,
    embedder: FakeUpstream,  # noqa: F811
    collection: Collection,  # noqa: F811
) -> None:
    document = ingested(accept(alice, collection, uploaded(pdf([GARDEN, BUDGET]), "haus.pdf")))
    path = f"/documents/{document.pk}"
    text = api.get(f"{path}/text").json()
    page = api.get(f"{path}/pages/2").json()
    assert text["text"][page["start"] : page["end"]] == page["text"] and "budget" in page["text"]
    assert api.get(f"{path}/pages/3").status_code == api.get(f"{path}/text?version=2").status_code == 404
    [version] = api.get(f"{path}/versions").json()
    assert version["is_current"] and api.get(f"{path}/passages").json()["items"]
    assert content(api.get(f"{path}/file")).startswith(b"%PDF")
    found = api.get("/search?q=When+was+the+budget+approved").json()["items"][0]
    assert text["text"][found["start"] : found["end"]] == found["text"] and found["score"] > 0
    assert api.get(f"/collections/{collection.pk}/try?q=Wann+öffnet+der+Garten").json()["items"][0]["page"] == 1


@pytest.mark.django_db
def test_a_longer_list_of_documents_costs_no_more_queries(
    api: Api,
    alice: User,
    collection: Collection,  # noqa: F811
) -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get(f"/collections/{collection.id}/documents").status_code == 200
        return len(queries)

    accept(alice, collection, uploaded("Eins.", "eins.txt"))
    counted()  # the first request of a session notes where it comes from
    few = counted()
    for number in range(20):
        accept(alice, collection, uploaded(f"Nummer {number}.", f"{number}.txt"))
    assert counted() == few


def test_a_collection_is_shared_and_taken_back(api: Api, collection: Collection, bob: User) -> None:  # noqa: F811
    path, bobs = f"/collections/{collection.pk}", signed_in(bob)
    assert bobs.get(path).status_code == 404
    member = api.post(f"{path}/members", {"email": bob.email, "role": "viewer"}).json()
    assert bobs.get(path).status_code == 200
    assert send(bobs, f"{path}/documents").status_code == 404
    assert bobs.get(f"{path}/members").status_code == 404
    assert api("DELETE", f"{path}/members/{member['id']}").status_code == 204
    assert bobs.get(path).status_code == 404
    refused = api.post(f"{path}/members", {"email": "nobody@example.org", "role": "viewer"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "email")


@pytest.mark.django_db
def test_a_lead_manages_what_belongs_to_the_team(lead: User, bob: User) -> None:
    team = Team.objects.get(name="Garten")
    Membership.objects.create(user=bob, team=team)
    made = signed_in(lead).post("/collections", {"name": "Beete", "team": team.pk}).json()
    path = f"/collections/{made['id']}"
    assert (made["team"], made["owner"]) == (team.pk, None)
    assert signed_in(lead).change(path, {"purpose": "Für alle"}).json()["purpose"] == "Für alle"
    assert signed_in(bob).get(path).status_code == 200
    assert signed_in(bob).change(path, {"purpose": "Meins"}).status_code == 404
    assert signed_in(bob).post("/collections", {"name": "Beete", "team": team.pk}).status_code == 422


@pytest.mark.django_db
def test_documents_move_and_those_that_cannot_are_named(api: Api, alice: User, collection: Collection) -> None:  # noqa: F811
    target = Collection.objects.create(owner=alice, name="Archiv")
    both = [accept(alice, each, uploaded()) for each in (collection, target)]
    other = accept(alice, collection, uploaded("Anders.", "anders.txt"))
    wanted = {"documents": [str(both[0].pk), str(other.pk)], "target": str(target.pk)}
    told = api.post(f"/collections/{collection.pk}/move", wanted).json()
    assert [each["code"] for each in told["refused"]] == ["already_there"] and target.documents.count() == 2
