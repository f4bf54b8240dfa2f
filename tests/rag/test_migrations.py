"""What was indexed before indexes had rows goes on being found."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import User
from gateway.models import Deployment, Upstream

BEFORE, AFTER = ("rag", "0001_initial"), ("rag", "0004_embedding_indexes")
TEXT = "Besuch\n\nEs ist offen. Der Garten\n\nEr blüht."
HEADED = "Es ist offen."


@pytest.fixture
def before(transactional_db: None) -> Iterator[Any]:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()  # of all apps: what builds on these tables goes back with them
    executor.migrate([BEFORE])
    yield executor.loader.project_state([BEFORE]).apps
    MigrationExecutor(connection).migrate(latest)


def chunk_of(apps: Any, alice: User, *models: str) -> Any:
    """With two vectors of each model; the first part begins with a heading that its vector's span leaves out."""
    Collection, Document, Chunk = (apps.get_model("rag", name) for name in ("Collection", "Document", "Chunk"))
    collection = Collection.objects.create(name="Handbook", owner_id=alice.pk)
    document = Document.objects.create(collection=collection, name="old", size=1, sha256="1", status="ready")
    chunk = Chunk.objects.create(
        document=document, collection=collection, start=100, end=100 + len(TEXT), text=TEXT, config="german"
    )
    first, second = 100 + TEXT.index(HEADED), 100 + TEXT.index("Er blüht.")
    for model in models:
        for start, end, vector in ((first, first + len(HEADED), [1, 0]), (second, 100 + len(TEXT), [0, 1])):
            apps.get_model("rag", "Vector").objects.create(
                chunk=chunk, collection=collection, start=start, end=end, model=model, embedding=vector
            )
    return chunk


def migrated() -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([AFTER])
    return executor.loader.project_state([AFTER]).apps


def test_each_model_gets_an_index_and_that_of_the_default_is_in_use(before: Any, alice: User) -> None:
    upstream = Upstream.objects.create(name="scripted", base_url="http://127.0.0.1:9/v1")
    Deployment.objects.create(upstream=upstream, name="owl", model="bge-owl", kind="embedding", is_default=True)
    chunk_of(before, alice, "bge-finch", "bge-owl")
    apps = migrated()
    rows = apps.get_model("rag", "EmbeddingIndex").objects.order_by("model").values_list("model", "state", "dimension")
    assert list(rows) == [("bge-finch", "retired", 2), ("bge-owl", "active", 2)]
    assert set(apps.get_model("rag", "IndexedDocument").objects.values_list("vectors", flat=True)) == {2}


def test_chunks_learn_where_their_parts_are(before: Any, alice: User) -> None:
    chunk_of(before, alice, "bge-finch", "bge-owl")
    [chunk] = migrated().get_model("rag", "Chunk").objects.all()
    parts = [TEXT[start - 100 : end - 100] for start, end in chunk.parts]
    assert parts == ["Besuch\n\nEs ist offen.", "Der Garten\n\nEr blüht."]


def test_nothing_is_needed_where_nothing_was_indexed(before: Any) -> None:
    assert not migrated().get_model("rag", "EmbeddingIndex").objects.exists()
