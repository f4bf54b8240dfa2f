"""Search without a chat model: passages page by page, with the words of the question marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from gateway.callers import Caller
from gateway.database import in_database
from rag.filters import Filters
from rag.languages import configuration
from rag.models import CollectionQuerySet, Document
from rag.places import place
from rag.retrieval import Passage, Passages, retrieve

PAGE = 10  # passages
LAST_PAGE = 10
EVERYTHING = Filters()
BEGIN, END = "\x02", "\x03"  # around a marked word; no text that was read holds these
MARKED = """
    SELECT ts_headline(config, text, query, %s)
    FROM unnest(%s::regconfig[], %s::text[]) WITH ORDINALITY AS passage (config, text, position),
        LATERAL (SELECT replace(plainto_tsquery(config, %s)::text, '&', '|')::tsquery AS query) asked
    ORDER BY position
"""


class Piece(NamedTuple):
    text: str
    is_marked: bool


@dataclass(frozen=True)
class Hit:
    number: int
    passage: Passage
    document: Document
    pieces: list[Piece]

    @property
    def place(self) -> str:
        return place(self.passage.page_kind, self.passage.page, self.passage.page_label)


@dataclass(frozen=True)
class Results:
    hits: list[Hit]
    page: int
    has_next: bool
    degraded: bool
    nearest: float = 0.0  # the best score there was
    threshold: float = 0.0  # that an answer asks for


async def search(
    caller: Caller,
    question: str,
    collections: CollectionQuerySet,
    page: int = 1,
    filters: Filters = EVERYTHING,
) -> Results:
    page = min(max(page, 1), LAST_PAGE)
    passages = await retrieve(caller, question, collections, limit=page * PAGE + 1, filters=filters)
    first = (page - 1) * PAGE
    shown = passages[first : first + PAGE]
    found = await in_database(hits, question, shown, first + 1)
    has_next = len(passages) > page * PAGE and page < LAST_PAGE
    return Results(found, page, has_next, passages.degraded)


async def what_a_model_gets(caller: Caller, question: str, collections: CollectionQuerySet) -> Results:
    """Exactly the passages that an answer would be drawn from, in the order in which a model reads them."""
    passages: Passages = await retrieve(caller, question, collections)
    found = await in_database(hits, question, passages, 1)
    return Results(found, 1, False, passages.degraded, passages.nearest, passages.threshold)


def hits(question: str, passages: Sequence[Passage], first: int) -> list[Hit]:
    documents = Document.objects.select_related("collection").in_bulk({each.document_id for each in passages})
    known = [passage for passage in passages if passage.document_id in documents]  # not deleted meanwhile
    configs = [configuration(documents[passage.document_id].language) for passage in known]
    marked = _marked(question, configs, [passage.text for passage in known])
    return [
        Hit(number, passage, documents[passage.document_id], pieces)
        for number, (passage, pieces) in enumerate(zip(known, marked, strict=True), first)
    ]


def _marked(question: str, configs: list[str], texts: list[str]) -> list[list[Piece]]:
    options = f'HighlightAll=true, StartSel="{BEGIN}", StopSel="{END}"'
    with connection.cursor() as cursor:
        cursor.execute(MARKED, [options, configs, texts, question])
        return [_pieces(text) for (text,) in cursor.fetchall()]


def _pieces(text: str) -> list[Piece]:
    pieces = []
    for part in text.split(BEGIN):
        word, end, rest = part.rpartition(END)
        pieces += [Piece(word, True), Piece(rest, False)] if end else [Piece(part, False)]
    return [piece for piece in pieces if piece.text]
