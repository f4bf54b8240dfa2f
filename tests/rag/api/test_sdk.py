"""Files and vector stores as OpenAI's own client knows them."""

from typing import Any

import openai
import pytest

from accounts.models import User
from rag.models import Collection, Document, StoredFile
from tests.rag.files import BUDGET, GARDEN

pytestmark = pytest.mark.usefixtures("worker")
GARDEN_FILE = ("garten.txt", GARDEN.encode())
BUDGET_FILE = ("budget.md", BUDGET.encode())


def test_a_file_is_kept_listed_read_back_and_deleted(sdk: openai.OpenAI) -> None:
    file = sdk.files.create(
        file=GARDEN_FILE, purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert (file.filename, file.bytes, file.purpose, file.status) == (
        "garten.txt",
        len(GARDEN.encode()),
        "assistants",
        "processed",
    )
    assert file.expires_at and file.expires_at - file.created_at == 3600
    assert [each.id for each in sdk.files.list(purpose="assistants")] == [file.id]
    assert sdk.files.list(purpose="user_data").data == []
    assert sdk.files.retrieve(file.id) == file and sdk.files.wait_for_processing(file.id) == file
    assert sdk.files.content(file.id).read() == GARDEN.encode()
    assert sdk.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        sdk.files.retrieve(file.id)


def test_a_store_is_made_changed_and_deleted(sdk: openai.OpenAI) -> None:
    store = sdk.vector_stores.create(
        name="Garten", description="Öffnungszeiten", metadata={"for": "guests"},
        expires_after={"anchor": "last_active_at", "days": 7}, chunking_strategy={"type": "auto"},
    )  # fmt: skip
    assert (store.name, store.status, store.file_counts.total, store.usage_bytes) == ("Garten", "completed", 0, 0)
    assert store.expires_at and store.expires_at - store.created_at == 7 * 24 * 3600
    changed = sdk.vector_stores.update(store.id, name="Park", metadata=None, expires_after=None)
    assert (changed.name, changed.metadata, changed.expires_after, changed.expires_at) == ("Park", {}, None, None)
    assert sdk.vector_stores.retrieve(store.id) == changed and sdk.vector_stores.list().data == [changed]
    assert Collection.objects.get().purpose == "Öffnungszeiten"
    assert sdk.vector_stores.delete(store.id).deleted and sdk.vector_stores.list().data == []


def test_a_file_is_uploaded_read_and_found(sdk: openai.OpenAI) -> None:
    store = sdk.vector_stores.create(name="Garten")
    file = sdk.vector_stores.files.upload_and_poll(
        vector_store_id=store.id, file=GARDEN_FILE, attributes={"year": 2024, "open": True}
    )
    assert (file.status, file.last_error, file.attributes) == ("completed", None, {"year": 2024, "open": True})
    assert file.chunking_strategy and file.chunking_strategy.type == "other"
    [found] = sdk.vector_stores.search(store.id, query="Wann öffnet der Garten?").data
    assert (found.file_id, found.filename, found.attributes) == (file.id, "garten.txt", file.attributes)
    assert found.content[0].text == GARDEN and 0 < found.score <= 1
    [content] = sdk.vector_stores.files.content(file.id, vector_store_id=store.id).data
    assert content.text == GARDEN
    counts = sdk.vector_stores.retrieve(store.id).file_counts
    assert (counts.completed, counts.total) == (1, 1)


def test_out_of_a_store_a_file_stays_and_out_of_the_files_it_leaves_the_stores(sdk: openai.OpenAI) -> None:
    file = sdk.files.create(file=GARDEN_FILE, purpose="assistants")
    first, second = (sdk.vector_stores.create(name=name, file_ids=[file.id]) for name in "AB")
    assert sdk.vector_stores.files.delete(file.id, vector_store_id=first.id).deleted
    assert sdk.files.content(file.id).read() == GARDEN.encode()
    assert [each.id for each in sdk.vector_stores.files.list(second.id)] == [file.id]
    sdk.files.delete(file.id)
    assert sdk.vector_stores.files.list(second.id).data == []
    assert not StoredFile.objects.exists() and not Document.objects.exists()


def test_a_batch_is_uploaded_and_one_bad_file_does_not_harm_the_rest(sdk: openai.OpenAI) -> None:
    store = sdk.vector_stores.create(name="Garten")
    broken = ("kaputt.pdf", b"%PDF-1.7 and nothing more")
    batch = sdk.vector_stores.file_batches.upload_and_poll(store.id, files=[GARDEN_FILE, BUDGET_FILE, broken])
    assert (batch.status, batch.file_counts.completed, batch.file_counts.failed) == ("completed", 2, 1)
    [failed] = sdk.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id, filter="failed").data
    assert failed.last_error and failed.last_error.code == "invalid_file" and failed.last_error.message


def test_a_batch_of_files_each_with_its_own_attributes(sdk: openai.OpenAI) -> None:
    store = sdk.vector_stores.create(name="Garten")
    files = [sdk.files.create(file=file, purpose="user_data") for file in (GARDEN_FILE, BUDGET_FILE)]
    wanted: Any = [{"file_id": file.id, "attributes": {"name": file.filename}} for file in files]
    sdk.vector_stores.file_batches.create_and_poll(store.id, files=wanted)
    only: Any = {"type": "eq", "key": "name", "value": "budget.md"}
    assert [found.filename for found in sdk.vector_stores.search(store.id, query="Garten", filters=only)] == [
        "budget.md"
    ]
    sdk.vector_stores.files.update(files[1].id, vector_store_id=store.id, attributes={"name": "other"})
    assert sdk.vector_stores.search(store.id, query="Garten", filters=only).data == []


def test_pages_go_both_ways(sdk: openai.OpenAI) -> None:
    ids = [sdk.vector_stores.create(name=str(number)).id for number in range(5)]
    assert [store.id for store in sdk.vector_stores.list(limit=2)] == ids[::-1]
    assert [store.id for store in sdk.vector_stores.list(limit=2, order="asc", after=ids[1]).data] == ids[2:4]
    before = sdk.vector_stores.list(limit=2, order="asc", before=ids[3])
    assert [store.id for store in before.data] == ids[1:3] and before.has_more


def test_several_questions_rank_together_and_a_threshold_cuts(sdk: openai.OpenAI) -> None:
    store = sdk.vector_stores.create(name="Garten")
    sdk.vector_stores.file_batches.upload_and_poll(store.id, files=[GARDEN_FILE, BUDGET_FILE])
    both = sdk.vector_stores.search(store.id, query=["Fußgänger", "annual budget"], max_num_results=5)
    assert {found.filename for found in both} == {"garten.txt", "budget.md"}
    best = sdk.vector_stores.search(store.id, query="annual budget").data[0]
    options: Any = {"score_threshold": best.score - 0.001, "ranker": "auto"}
    sure = sdk.vector_stores.search(store.id, query="annual budget", ranking_options=options, rewrite_query=True)
    assert [found.filename for found in sure] == ["budget.md"]


async def test_the_async_client_uploads_polls_and_searches(address: str, alice: User, sdk: openai.OpenAI) -> None:
    async with openai.AsyncOpenAI(base_url=address, api_key=sdk.api_key) as client:
        store = await client.vector_stores.create(name="Garten")
        batch = await client.vector_stores.file_batches.upload_and_poll(store.id, files=[GARDEN_FILE, BUDGET_FILE])
        assert batch.file_counts.completed == 2
        found = [each async for each in client.vector_stores.search(store.id, query="Garten")]
        assert found[0].filename == "garten.txt"
