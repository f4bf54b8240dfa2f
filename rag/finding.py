"""The statements of a search: which chunks answer a question best, and which part of each does."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from pgvector import HalfVector

from accounts.acting import acting_for
from accounts.models import User
from rag import nearest
from rag.calibration import OTHERS, Calibration
from rag.filters import Condition
from rag.languages import CONFIGURATIONS, UNSURE
from rag.models import Collection, CollectionQuerySet, EmbeddingIndex
from rag.questions import telling
from rag.sentences import Span

SQL = Path(__file__).resolve().parent / "sql"

CANDIDATES = 100  # of each kind
SATURATION, LENGTH_SHARE = 1.2, 0.75  # BM25's k1 and b
# in float: PostgreSQL takes a number with a point for a decimal one, with which it computes several times as long
BM25 = (
    "weight * importance * frequency * ({k} + 1)::float"
    " / (frequency + 2 * {k}::float * (1 - {b}::float + {b}::float * posting.length / total.length))"
)
LIKENESS = "greatest((1 - (vector.embedding <=> asked.embedding) - unrelated) / (1 - unrelated), 0)"
MEANING = f"CASE WHEN vector.index_id = asked.index THEN {LIKENESS} ELSE 0 END"
AMONG = "AND posting.chunk_id IN (SELECT permitted.id FROM permitted)"
SEARCH = (SQL / "search.sql").read_text()
CONSTANTS = {
    "bm25": BM25.format(k=SATURATION, b=LENGTH_SHARE),
    "saturation": SATURATION,
    "candidates": CANDIDATES,
    "part_importance": "0.5::float",
    "most_terms": 64,
    # a term in more chunks than that tells little and costs much
    "frequent_share": 0.05,
    "frequent": 2_000,
    "meaning": MEANING,
}
FOCUS = (SQL / "focus.sql").read_text().format(meaning=MEANING)


@dataclass(frozen=True)
class Asked:
    """A question, and what it means to a model where there is one."""

    text: str
    index: EmbeddingIndex | None = None
    embedding: HalfVector | None = None


class Scope(NamedTuple):
    """Who searches, and the collections that this search may look at, as SQL."""

    asker: User
    sql: str
    params: tuple[Any, ...]


class Found(NamedTuple):
    """A row of sql/search.sql."""

    chunk: int
    document_id: UUID
    document_name: str
    version: int
    page: int | None
    start: int
    end: int
    text: str
    score: float
    words: float
    meaning: float
    page_kind: str
    page_label: str
    terms: str  # of the question with their weights, as JSON


def scope_of(user: User, collections: CollectionQuerySet) -> Scope | None:
    """None where nothing can be found."""
    asked_for = Collection.objects.visible_to(user).filter(pk__in=collections.order_by().values("pk"))
    try:
        return Scope(user, *asked_for.order_by().values("pk").query.sql_with_params())
    except EmptyResultSet:
        return None


def find(
    asked: Asked, scope: Scope, within: Condition | None, calibration: Calibration, limit: int
) -> tuple[list[Found], bool]:
    """The best chunks, and whether some documents could not be compared by meaning."""
    condition, params = within or ("true", [])
    configs = json.dumps({**CONFIGURATIONS, "": UNSURE})
    question = [telling(asked.text), configs, *_meant(asked, calibration)]
    with acting_for(scope.asker), connection.cursor() as cursor:
        permitted = nearest.Permitted(scope.sql, scope.params, condition if within else "", params)
        way = nearest.way(cursor, asked.index, permitted, CANDIDATES) if asked.index else nearest.NONE
        statement = SEARCH.format(
            scope=scope.sql,
            condition=condition,
            among_postings=AMONG if within else "",
            by_meaning=way.sql,
            **CONSTANTS,
        )
        cursor.execute(statement, [*question, *scope.params, *params, limit])
        return [Found(*row) for row in cursor.fetchall()], way.is_incomplete


def focus(asked: Asked, found: Sequence[Found], calibration: Calibration) -> dict[int, Span]:
    """By chunk; one that has no parts is left out."""
    if not found:
        return {}
    chunks = [one.chunk for one in found]
    with connection.cursor() as cursor:
        cursor.execute(FOCUS, [found[0].terms, chunks, *_meant(asked, calibration)])
        return {chunk: (start, end) for chunk, start, end in cursor.fetchall()}


def _meant(asked: Asked, calibration: Calibration) -> list[Any]:
    """Without a vector, words count alone."""
    if asked.embedding is None or asked.index is None:
        return [None, None, json.dumps({OTHERS: 0}), 0.0]
    return [asked.embedding.to_text(), asked.index.pk, json.dumps(calibration.weights), calibration.unrelated]
