"""The graph and the comparison of everything find the same, under the same rights."""

from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest
from django.db import connection, transaction
from pgvector import HalfVector

from accounts.acting import acting_for
from accounts.models import User
from rag import hnsw, nearest
from rag.models import Chunk, Collection, Document, EmbeddingIndex, IndexedDocument, Vector

CHUNKS, PARTS, DIMENSION = 500, 2, 16
SCOPE = "SELECT id FROM rag_collection WHERE name = ANY (%s)"
STATEMENT = """
    WITH asked AS (SELECT %s::halfvec AS embedding),
    scope (id) AS MATERIALIZED (SELECT id FROM rag_collection WHERE name = ANY (%s))
    SELECT * FROM (WAY) found
"""


@pytest.fixture
def index(transactional_db: None, alice: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingIndex]:
    """Of four collections, with a graph."""
    monkeypatch.setattr(hnsw, "FROM", 100)
    index = EmbeddingIndex.objects.create(model="bge-finch", dimension=DIMENSION, state="active")
    random = np.random.default_rng(3)
    for name in "ABCD":
        fill(Collection.objects.create(name=name, owner=alice), index, random)
    assert hnsw.is_wanted(index)
    hnsw.create(index)
    yield index
    hnsw.remove(index)


def fill(collection: Collection, index: EmbeddingIndex, random: np.random.Generator) -> None:
    document = Document.objects.create(collection=collection, name="made up", size=1, sha256="1", status="ready")
    IndexedDocument.objects.create(document=document, index=index, vectors=CHUNKS * PARTS)
    chunks = Chunk.objects.bulk_create(
        Chunk(document=document, collection=collection, start=n, end=n + 1, text=f"{n}", config="simple")
        for n in range(CHUNKS)
    )
    Vector.objects.bulk_create(
        Vector(chunk=chunk, collection=collection, index=index, start=n, end=n + 1, embedding=HalfVector(numbers))
        for chunk in chunks
        for n, numbers in enumerate(random.standard_normal((PARTS, DIMENSION)).tolist())
    )


def permitted(names: str) -> nearest.Permitted:
    return nearest.Permitted(len(names) * CHUNKS * PARTS, is_incomplete=False, in_graph=4 * CHUNKS * PARTS)


def found(index: EmbeddingIndex, names: str, asked: list[float], *, along_the_graph: bool) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # so small a table is read as a whole otherwise
        nearest.EXACT = 0 if along_the_graph else 20_000
        way = nearest.way(index, permitted(names), 100)
        way.prepare(cursor)
        assert ("nearest" in way.sql) == along_the_graph
        cursor.execute(STATEMENT.replace("WAY", way.sql), [HalfVector(asked).to_text(), list(names)])
        return [chunk for chunk, _score in cursor.fetchall()]


@pytest.fixture(autouse=True)
def _usual_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "EXACT", nearest.EXACT)
    monkeypatch.setattr(nearest, "EQUAL_COST", 0)


@pytest.mark.parametrize("names", ["A", "BC", "ABCD"])
def test_the_graph_finds_what_comparing_everything_finds(index: EmbeddingIndex, names: str) -> None:
    recalls = []
    for asked in np.random.default_rng(4).standard_normal((10, DIMENSION)).tolist():
        exact, near = (set(found(index, names, asked, along_the_graph=graph)) for graph in (False, True))
        assert len(near) == 100
        assert set(Chunk.objects.filter(pk__in=near).values_list("collection__name", flat=True)) <= set(names)
        recalls.append(len(exact & near) / 100)
    assert sum(recalls) / len(recalls) >= 0.99


@pytest.mark.parametrize("guarded", [False, True], ids=["before the second wall", "behind it"])
def test_the_graph_is_what_is_walked(index: EmbeddingIndex, alice: User, guarded: bool) -> None:
    wall = acting_for(alice) if guarded else nullcontext()
    with transaction.atomic(), wall, connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        nearest.EXACT = 0
        way = nearest.way(index, permitted("A"), 100)
        way.prepare(cursor)
        asked = [HalfVector([1.0] * DIMENSION).to_text(), ["A"]]
        cursor.execute("EXPLAIN " + STATEMENT.replace("WAY", way.sql), asked)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT current_setting('hnsw.iterative_scan')")
        assert cursor.fetchone() == ("relaxed_order",)
    assert f"Index Scan using {index.hnsw}" in plan


def test_settings_end_with_the_search(index: EmbeddingIndex) -> None:
    found(index, "A", [1.0] * DIMENSION, along_the_graph=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('hnsw.iterative_scan')")
        assert cursor.fetchone() == ("off",)


def test_no_collection_means_nothing(index: EmbeddingIndex) -> None:
    assert found(index, "", [1.0] * DIMENSION, along_the_graph=False) == []


def test_a_graph_left_half_made_is_made_again(index: EmbeddingIndex) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", [index.hnsw])
    assert hnsw.is_wanted(index)
    hnsw.create(index)
    assert not hnsw.is_wanted(index)


def test_vectors_too_long_for_a_graph_are_compared(index: EmbeddingIndex) -> None:
    index.dimension = 4_001
    assert not hnsw.is_wanted(index)
