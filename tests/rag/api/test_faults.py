"""Whatever a script sends: it is told what is wrong, and nothing is half done."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from rag import file_keeping, ingestion, stores
from rag.models import Collection, Document, StoredFile
from rag.parsing import parse
from tests.fake_upstream import FakeUpstream
from tests.rag.files import BUDGET, GARDEN, pdf

LASTS = {"purpose": "user_data", "expires_after[anchor]": "created_at"}
NOBODY = "0" * 32
DEEP: Any = {"type": "eq", "key": "a", "value": 1}
for _level in range(90):  # a request may be nested twice as deep
    DEEP = {"type": "and", "filters": [DEEP]}


@pytest.fixture
def http(address: str, sdk: openai.OpenAI) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {sdk.api_key}"}, timeout=60) as client:
        yield client


@pytest.fixture
def store(models: FakeUpstream, alice: User) -> str:
    return f"vs_{Collection.objects.create(name='Garten', owner=alice).id.hex}"


@pytest.fixture
def file(sdk: openai.OpenAI) -> str:
    return sdk.files.create(file=("garten.txt", GARDEN.encode()), purpose="user_data").id


def refused(answer: httpx2.Response, status: int, param: str | None) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["param"] == param and error["message"] and error["type"] and error["code"]


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("empty.txt", b"", 400),
        ("programme.exe", b"MZ", 400),
        ("picture.pdf", b"\x89PNG", 400),
        ("no suffix", b"text", 400),
        ("large.txt", b"x" * 3000, 413),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_in_the_pages(
    http: httpx2.Client, settings: Settings, name: str, content: bytes, status: int
) -> None:
    settings.UPLOAD_MAX_BYTES = 2000
    refused(http.post("/files", files={"file": (name, content)}, data={"purpose": "assistants"}), status, "file")
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("data", "param"),
    [
        ({}, "purpose"),
        ({"purpose": "fine-tune"}, "purpose"),
        ({"purpose": "user_data", "expires_after[seconds]": "3600"}, "expires_after"),
        (LASTS, "expires_after"),
        (LASTS | {"expires_after[seconds]": "9"}, "expires_after"),
    ],
)  # fmt: skip
def test_a_wrong_field_of_the_form_is_named(http: httpx2.Client, data: Any, param: str) -> None:
    refused(http.post("/files", files={"file": ("a.txt", b"Haus")}, data=data), 400, param)
    assert not StoredFile.objects.exists()


def test_a_form_without_a_file_and_none_at_all(http: httpx2.Client) -> None:
    refused(http.post("/files", files={"other": ("a.txt", b"Haus")}, data={"purpose": "assistants"}), 400, "file")
    refused(http.post("/files", json={"purpose": "assistants"}), 400, None)
    refused(http.post("/files", content=b"\xff\x00", headers={"content-type": "multipart/form-data"}), 400, None)


def named(http: httpx2.Client, name: bytes) -> httpx2.Response:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\nHaus\r\n--x--\r\n'
    )
    return http.post("/files", content=body, headers={"content-type": "multipart/form-data; boundary=x"})


def test_a_hostile_name_becomes_a_plain_one_and_one_that_is_no_text_is_refused(http: httpx2.Client) -> None:
    answer = named(http, "../../\x00\u202egrün\x1f.txt".encode()).json()
    assert answer["filename"] == "grün.txt"
    assert http.get(f"/files/{answer['id']}/content").content == b"Haus"
    refused(named(http, b"\xff\xfe.txt"), 400, "file")


def test_half_an_upload_leaves_nothing(address: str, sdk: openai.OpenAI) -> None:
    where = urlsplit(address)
    head = (
        f"POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {sdk.api_key}\r\n"
        "content-type: multipart/form-data; boundary=x\r\ncontent-length: 5000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nHaus'
    )
    with socket.create_connection((where.hostname or "", where.port or 0)) as connection:
        connection.sendall(head.encode())
    assert sdk.files.list().data == [] and not StoredFile.objects.exists()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": 7}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"description": ["x"]}, "description"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {"a": "x" * 513}}, "metadata"),
        ({"metadata": {str(i): "x" for i in range(17)}}, "metadata"),
        ({"metadata": {"a": "x" * 8_000_000}}, "metadata"),
        ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after"),
        ({"expires_after": {"anchor": "last_active_at", "days": 0}}, "expires_after"),
        ({"chunking_strategy": {"type": "sentences"}}, "chunking_strategy"),
        ({"chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 100,
            "chunk_overlap_tokens": 51}}}, "chunking_strategy"),
        ({"file_ids": "all"}, "file_ids"),
    ],
)  # fmt: skip
def test_a_wrong_field_of_a_store_is_named(http: httpx2.Client, body: Any, param: str) -> None:
    refused(http.post("/vector_stores", json=body), 400, param)
    assert not Collection.objects.exists()


def test_a_store_of_an_unknown_file_is_not_made(http: httpx2.Client, file: str) -> None:
    for unknown, param in ((f"file-{NOBODY}", "file_ids"), ("file-x", "file_ids[1]"), (file.upper(), "file_ids[1]")):
        refused(http.post("/vector_stores", json={"file_ids": [file, unknown]}), 404, param)
    assert not Collection.objects.exists() and not Document.objects.exists()


def test_a_body_larger_than_allowed_is_not_read(http: httpx2.Client) -> None:
    refused(http.post("/vector_stores", json={"metadata": {"a": "x" * 20_000_000}}), 413, None)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": []}, "query"),
        ({"query": ["x"] * 11}, "query"),
        ({"query": "x" * 5000}, "query"),
        ({"query": "a\x00b"}, "query"),
        ({"max_num_results": 0}, "max_num_results"),
        ({"max_num_results": True}, "max_num_results"),
        ({"ranking_options": {"ranker": "best"}}, "ranking_options.ranker"),
        ({"ranking_options": {"score_threshold": -1}}, "ranking_options.score_threshold"),
        ({"filters": {}}, "filters"),
        ({"filters": {"type": "eq", "key": "a\x00", "value": "b"}}, "filters"),
        ({"filters": {"type": "eq", "key": "a", "value": {}}}, "filters"),
        ({"filters": DEEP}, "filters"),
    ],
)
def test_a_wrong_search_is_named_and_asks_no_model(
    http: httpx2.Client, store: str, models: FakeUpstream, body: Any, param: str
) -> None:
    query = {"query": "Garten"} if "query" not in body and body else {}
    refused(http.post(f"/vector_stores/{store}/search", json=query | body), 400, param)
    assert not models.calls


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "order=up", "after=vs_x", f"before=vs_{NOBODY}"])
def test_a_page_that_is_none_is_refused(http: httpx2.Client, store: str, query: str) -> None:
    refused(http.get(f"/vector_stores?{query}"), 400, query.partition("=")[0])


def test_a_list_begins_after_one_of_its_own(http: httpx2.Client, store: str, file: str) -> None:
    assert http.get(f"/vector_stores/{store}/files?after={file}").status_code == 400
    refused(http.get(f"/vector_stores/{store}/files?filter=lost"), 400, "filter")


@pytest.mark.parametrize("one", ["x", "file-", "file-%00", f"file-{NOBODY}", "file-" + "F" * 32, "vs_" + NOBODY])
def test_what_is_no_id_is_found_nowhere(http: httpx2.Client, store: str, one: str) -> None:
    refused(http.get(f"/files/{one}"), 404, "file_id")
    refused(http.get(f"/vector_stores/{store}/files/{one}"), 404, "file_id")
    if one != "vs_" + NOBODY:
        refused(http.get(f"/vector_stores/{one}"), 404, "vector_store_id")


def test_other_methods_and_addresses(http: httpx2.Client, store: str) -> None:
    assert http.put(f"/vector_stores/{store}").headers["allow"] == "GET, POST, DELETE"
    refused(http.put(f"/vector_stores/{store}"), 405, None)
    refused(http.get(f"/vector_stores/{store}/other"), 404, None)


def test_a_batch_names_files_in_one_way(http: httpx2.Client, store: str, file: str) -> None:
    address = f"/vector_stores/{store}/file_batches"
    refused(http.post(address, json={}), 400, "file_ids")
    refused(http.post(address, json={"file_ids": [file], "files": [{"file_id": file}]}), 400, "file_ids")
    refused(http.post(address, json={"files": [{"file_id": file}, {"file_id": file}]}), 400, "files[1].file_id")
    refused(http.post(address, json={"files": [{"file_id": file}, {}]}), 400, "files[1].file_id")
    refused(
        http.post(address, json={"files": [{"file_id": file, "attributes": {"a": []}}]}), 400, "files[0].attributes"
    )
    assert not Document.objects.exists()


@pytest.mark.parametrize("attributes", [{"a": 1e999}, {"a": 10**400}, {"a": None}, {"a": [1]}, {"": "x\x00"}, "x"])
def test_attributes_that_no_filter_could_find_are_refused(
    sdk: openai.OpenAI, http: httpx2.Client, store: str, file: str, attributes: Any
) -> None:
    body = json.dumps({"file_id": file, "attributes": attributes}).replace("Infinity", "1e999")
    refused(http.post(f"/vector_stores/{store}/files", content=body.encode()), 400, "attributes")
    assert not Document.objects.exists()


def test_the_same_file_twice_is_there_once(sdk: openai.OpenAI, store: str, file: str) -> None:
    sdk.vector_stores.files.create(store, file_id=file, attributes={"a": 1})
    again = sdk.vector_stores.files.create(store, file_id=file, attributes={"a": 2})
    batch = sdk.vector_stores.file_batches.create(store, file_ids=[file, file])
    assert again.attributes == {"a": 2} and batch.file_counts.total == 1
    assert Document.objects.get().attributes == {"a": 2}


def test_the_same_content_is_two_files_where_a_script_says_so(sdk: openai.OpenAI, store: str, file: str) -> None:
    copy = sdk.files.create(file=("kopie.txt", GARDEN.encode()), purpose="user_data")
    sdk.vector_stores.file_batches.create(store, file_ids=[file, copy.id])
    assert {each.id for each in sdk.vector_stores.files.list(store)} == {file, copy.id}


def test_a_cancelled_batch_reads_no_further(sdk: openai.OpenAI, store: str, file: str) -> None:
    batch = sdk.vector_stores.file_batches.create(store, file_ids=[file])
    assert (batch.status, batch.file_counts.in_progress) == ("in_progress", 1)
    cancelled = sdk.vector_stores.file_batches.cancel(batch.id, vector_store_id=store)
    assert (cancelled.status, cancelled.file_counts.cancelled) == ("cancelled", 1)
    assert sdk.vector_stores.files.retrieve(file, vector_store_id=store).status == "cancelled"
    assert sdk.vector_stores.retrieve(store).status == "completed"
    again = sdk.vector_stores.files.create(store, file_id=file)
    assert again.status == "in_progress"


def test_a_file_deleted_while_it_is_read_is_gone(
    sdk: openai.OpenAI, store: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deleted_meanwhile(*args: Any) -> Any:
        parsed = await parse(*args)
        await asyncio.to_thread(sdk.files.delete, file)
        return parsed

    monkeypatch.setattr(ingestion, "parse", deleted_meanwhile)
    sdk.vector_stores.files.create(store, file_id=file)
    asyncio.run(ingestion.ingest(Document.objects.get().pk))
    assert not Document.objects.exists() and sdk.vector_stores.files.list(store).data == []


def test_an_empty_store_finds_nothing_and_an_expired_one_says_so(sdk: openai.OpenAI, store: str) -> None:
    assert sdk.vector_stores.search(store, query="Garten").data == []
    ago = timezone.now() - timedelta(days=2)
    Collection.objects.update(expires_after_days=1, last_active_at=ago)
    assert sdk.vector_stores.retrieve(store).status == "expired"
    with pytest.raises(openai.BadRequestError):
        sdk.vector_stores.search(store, query="Garten")
    sdk.vector_stores.update(store, expires_after={"anchor": "last_active_at", "days": 2})
    assert sdk.vector_stores.search(store, query="Garten").data == []


def test_an_expired_file_is_gone_at_once_and_swept_with_its_documents(
    sdk: openai.OpenAI, store: str, file: str
) -> None:
    sdk.vector_stores.files.create(store, file_id=file)
    stored = str(StoredFile.objects.get().file.name)
    StoredFile.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert sdk.files.list().data == []
    assert file_keeping.sweep() == 1
    assert not Document.objects.exists() and not default_storage.exists(stored)


def test_what_is_stored_goes_with_the_last_that_names_it(sdk: openai.OpenAI, store: str, file: str) -> None:
    stored = str(StoredFile.objects.get().file.name)
    sdk.vector_stores.files.create(store, file_id=file)
    assert str(Document.objects.get().file.name) == stored
    User.objects.get().delete()
    assert not default_storage.exists(stored)


def test_content_is_sent_to_be_saved(http: httpx2.Client, sdk: openai.OpenAI) -> None:
    file = sdk.files.create(file=("grün.pdf", pdf([BUDGET])), purpose="user_data")
    answer = http.get(f"/files/{file.id}/content")
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("application/pdf", "nosniff")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert len(answer.content) == int(answer.headers["content-length"]) == file.bytes


def test_a_request_is_answered_once_for_its_idempotency_key(http: httpx2.Client) -> None:
    headers = {"idempotency-key": "garden"}
    first, second = (http.post("/vector_stores", json={"name": "Garten"}, headers=headers).json() for _ in range(2))
    assert first == second and Collection.objects.count() == 1


def test_what_was_asked_by_who_hung_up_is_not_done_twice(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*args: Any) -> Collection:
        time.sleep(1)
        return created(*args)

    def ask(patience: float) -> httpx2.Response:
        named = {"idempotency-key": "garden"}
        return http.post("/vector_stores", json={"name": "Garten"}, headers=named, timeout=patience)

    created = stores.create
    monkeypatch.setattr(stores, "create", slowly)
    with pytest.raises(httpx2.TimeoutException):
        ask(0.5)
    while (again := ask(60)).headers.get("retry-after"):  # the server notices a moment later
        time.sleep(0.05)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "answer_not_kept")
    assert again.headers["x-should-retry"] == "false"
    time.sleep(1)
    assert Collection.objects.count() == 1
