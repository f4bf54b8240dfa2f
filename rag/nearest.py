"""Which vectors are nearest to a question's, among those its asker may see.

Where few are permitted all of them are compared, whose result is exact; where many are, the graph is followed until
enough permitted ones were met. Comparing costs by what is permitted, the graph by what it passes over: by all in it for
each permitted one. So they cost the same where the square of the permitted is some multiple of all. The choice is made
here and not left to PostgreSQL's planner, which takes the graph for one permitted vector in a hundred, where that is
slower and finds less. Rights are those of the statement in either case; what was counted decides on the way alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from rag.vectors import EmbeddingIndex

EXACT = 20_000  # vectors; so many are always compared
EQUAL_COST = 10_000  # permitted² : all, where both ways take as long; measured by bench.scale
PARTS = 300  # nearest parts that are looked for: where chunks have three they make a hundred chunks
SCAN_TUPLES = 20_000  # pgvector's own limit; raised where few of those met are permitted
SCAN_MEMORY = 8  # times work_mem

# `asked` and `scope` are of the statement around it
EVERY = """
    WITH compared AS MATERIALIZED (
        SELECT vector.chunk_id AS id, (vector.embedding <=> (SELECT embedding FROM asked)) + 0 AS distance
        FROM rag_vector vector
        WHERE vector.index_id = {index} AND vector.collection_id = ANY (ARRAY(SELECT scope.id FROM scope)) {among}
    )
    SELECT id, 1 - min(distance) AS score FROM compared GROUP BY id ORDER BY score DESC, id LIMIT {candidates}
"""
# IS TRUE keeps the rights a filter that is looked up for each vector on the way: a join would lose the order
ALONG_THE_GRAPH = """
    WITH nearest AS MATERIALIZED (
        SELECT vector.chunk_id AS id,
            vector.embedding::halfvec({dimension}) <=> (SELECT embedding::halfvec({dimension}) FROM asked) AS distance
        FROM rag_vector vector
        WHERE vector.index_id = {index} AND (vector.collection_id IN (SELECT scope.id FROM scope)) IS TRUE {among}
        ORDER BY distance LIMIT {parts}
    )
    SELECT id, 1 - min(distance) AS score FROM nearest GROUP BY id ORDER BY score DESC, id LIMIT {candidates}
"""
AMONG = "AND (vector.chunk_id IN (SELECT permitted.id FROM permitted)) IS TRUE"
SETTINGS = "SELECT set_config(name, value, true) FROM jsonb_each_text(%s::jsonb) setting (name, value)"
ALWAYS = {"jit": "off"}  # what it compiles runs once, for milliseconds


class Permitted(NamedTuple):
    """What a search may look at, as sql/words.sql counts it."""

    vectors: int
    is_incomplete: bool  # some documents have none yet
    in_graph: float | None  # vectors, of all; None without a graph


@dataclass(frozen=True)
class Way:
    """How the statement finds what is nearest, and whether some documents have no vectors yet."""

    sql: str
    is_incomplete: bool
    settings: Mapping[str, str] = field(default_factory=lambda: ALWAYS)

    def prepare(self, cursor: CursorWrapper) -> None:
        """For the transaction of the statement, with which it ends."""
        cursor.execute(SETTINGS, [json.dumps(self.settings)])


NONE = Way("SELECT NULL::bigint AS id, NULL::float AS score WHERE false", is_incomplete=True)


def way(index: EmbeddingIndex, permitted: Permitted, candidates: int, *, is_filtered: bool = False) -> Way:
    """Filtered, the statement around it has the chunks that are left as `permitted`."""
    found, is_incomplete, in_graph = permitted
    if index.dimension is None:
        return Way(NONE.sql, is_incomplete)
    among = AMONG if is_filtered else ""
    if in_graph is None or found <= EXACT or found**2 <= EQUAL_COST * in_graph:
        return Way(EVERY.format(index=index.pk, candidates=candidates, among=among), is_incomplete)
    expected = 4 * PARTS * max(in_graph, found) / found
    settings = {
        "hnsw.iterative_scan": "relaxed_order",
        "hnsw.ef_search": str(PARTS),
        "hnsw.max_scan_tuples": str(round(max(expected, SCAN_TUPLES))),
        "hnsw.scan_mem_multiplier": str(SCAN_MEMORY),
    }
    parts = {"dimension": index.dimension, "index": index.pk, "parts": PARTS, "candidates": candidates}
    return Way(ALONG_THE_GRAPH.format(**parts, among=among), is_incomplete, ALWAYS | settings)
