"""The statements of a search that need its meaning: which chunks answer a question best, and which part of each."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from pgvector import HalfVector

from accounts.acting import acting_for
from accounts.models import User
from rag.calibration import OTHERS, Calibration
from rag.filters import Condition
from rag.models import Collection, CollectionQuerySet, EmbeddingIndex
from rag.nearest import Way
from rag.sentences import Span
from rag.words import BM25, Scope, Words

SQL = Path(__file__).resolve().parent / "sql"

LIKENESS = "greatest((1 - (vector.embedding <=> asked.embedding) - unrelated) / (1 - unrelated), 0)"
MEANING = f"CASE WHEN vector.index_id = asked.index THEN {LIKENESS} ELSE 0 END"
SEARCH = (SQL / "search.sql").read_text()
CONSTANTS = {"bm25": "weight" + BM25.format(mean_length="asked.length"), "meaning": MEANING}
FOCUS = (SQL / "focus.sql").read_text().format(meaning=MEANING)


@dataclass(frozen=True)
class Search:
    """Where it may look, and how what is near in meaning is found and weighed."""

    scope: Scope
    within: Condition | None
    way: Way
    calibration: Calibration


@dataclass(frozen=True)
class Asked:
    """A question, what holds its words, and what it means to a model where there is one."""

    text: str
    words: Words
    index: EmbeddingIndex | None = None
    embedding: HalfVector | None = None


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
    used_at: datetime | None


def scope_of(user: User, collections: CollectionQuerySet) -> Scope | None:
    """None where nothing can be found."""
    asked_for = Collection.objects.visible_to(user).filter(pk__in=collections.order_by().values("pk"))
    try:
        return Scope(user, *asked_for.order_by().values("pk").query.sql_with_params())
    except EmptyResultSet:
        return None


def find(search: Search, asked: Asked, limit: int) -> list[Found]:
    """The best chunks."""
    scope, words = search.scope, asked.words
    condition, params = search.within or ("true", [])
    statement = SEARCH.format(scope=scope.sql, condition=condition, by_meaning=search.way.sql, **CONSTANTS)
    reckoned = [*_meant(asked, search.calibration), words.complete, words.mean_length, words.terms]
    with acting_for(scope.asker), connection.cursor() as cursor:
        search.way.prepare(cursor)
        cursor.execute(statement, [*reckoned, *scope.params, *params, words.chunks, words.scores, limit])
        return [Found(*row) for row in cursor.fetchall()]


def focus(asked: Asked, chunks: list[int], calibration: Calibration) -> dict[int, Span]:
    """By chunk; one that has no parts is left out."""
    if not chunks:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(FOCUS, [asked.words.terms, chunks, *_meant(asked, calibration)])
        return {chunk: (start, end) for chunk, start, end in cursor.fetchall()}


def _meant(asked: Asked, calibration: Calibration) -> list[Any]:
    """Without a vector, words count alone."""
    if asked.embedding is None or asked.index is None:
        return [None, None, json.dumps({OTHERS: 0}), 0.0]
    return [asked.embedding.to_text(), asked.index.pk, json.dumps(calibration.weights), calibration.unrelated]
