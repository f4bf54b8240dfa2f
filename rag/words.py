"""What of a search needs no vector: the words of the question, and the choice of the way to the nearest vectors.

It is done while the model turns the question into one, and in a transaction of its own, so that no connection is held
meanwhile. The statement that follows asks for the rights anew: a chunk found here is shown only if it still may be.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from accounts.acting import acting_for
from accounts.models import User
from rag import nearest
from rag.filters import Condition
from rag.languages import CONFIGURATIONS, UNSURE
from rag.models import EmbeddingIndex
from rag.nearest import Way
from rag.questions import telling

CANDIDATES = 100  # of each kind
SATURATION, LENGTH_SHARE = 1.2, 0.75  # BM25's k1 and b
# in float: PostgreSQL takes a number with a point for a decimal one, with which it computes several times as long
BM25 = (
    f" * frequency * ({SATURATION} + 1)::float / (frequency + 2 * {SATURATION}::float"
    f" * (1 - {LENGTH_SHARE}::float + {LENGTH_SHARE}::float * posting.length / {{mean_length}}))"
)
AMONG = "AND posting.chunk_id IN (SELECT permitted.id FROM permitted)"
STATEMENT = (Path(__file__).resolve().parent / "sql" / "words.sql").read_text()
CONSTANTS = {
    "bm25": "weight * importance" + BM25.format(mean_length="total.length"),
    "saturation": SATURATION,
    "candidates": CANDIDATES,
    "part_importance": "0.5::float",
    "most_terms": 64,
    # a term in more chunks than that tells little and costs much
    "frequent_share": 0.05,
    "frequent": 2_000,
}


class Scope(NamedTuple):
    """Who searches, and the collections that this search may look at, as SQL."""

    asker: User
    sql: str
    params: tuple[Any, ...]


class Words(NamedTuple):
    """Of a row of sql/words.sql; `terms` with their weights, and what each language's `complete` score is, as JSON."""

    terms: str | None
    complete: str | None
    mean_length: float
    chunks: list[int] | None
    scores: list[float] | None


def begin(
    questions: list[str], index: EmbeddingIndex | None, scope: Scope, within: Condition | None
) -> tuple[list[Words], Way]:
    """The words of each, and the way to what is nearest."""
    condition, params = within or ("true", [])
    statement = STATEMENT.format(
        scope=scope.sql, condition=condition, among_postings=AMONG if within else "", **CONSTANTS
    )
    configs = json.dumps({**CONFIGURATIONS, "": UNSURE})
    about = [index.pk, index.hnsw] if index else [None, None]
    words, way = [], nearest.NONE
    with acting_for(scope.asker), connection.cursor() as cursor:
        for question in questions:
            asked = [telling(question), configs, *about, *scope.params]
            cursor.execute(statement, [*asked, *params, *params, *params])
            *found, vectors, is_incomplete, in_graph = cursor.fetchone()
            words.append(Words(*found))
    if index:
        permitted = nearest.Permitted(vectors, is_incomplete, in_graph)
        way = nearest.way(index, permitted, CANDIDATES, is_filtered=within is not None)
    return words, way
