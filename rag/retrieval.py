"""From a question to the passages that answer it: by their words (BM25) and by their meaning, in one statement.

The statement itself holds the caller's rights: only collections that are visible to the caller now, and among those
asked for, are looked at, and all statistics (how many chunks, how long, how many hold a term) count these alone.
Both scores are divided by the best of their kind and summed, and what is opposed in meaning counts like what is
unrelated; the same sum finds the part of a passage that answers.
How the nearest in meaning are found is `nearest`'s to say.
"""

import json
import logging
import uuid
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from pgvector import HalfVector

from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Purpose
from rag import nearest
from rag.embedding import embed, index_in_use
from rag.exceptions import IngestionError
from rag.languages import MEANING_WEIGHT, MEANING_WEIGHTS
from rag.models import Collection, CollectionQuerySet, EmbeddingIndex

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 4_000  # characters
CANDIDATES = 100  # of each kind
SATURATION, LENGTH_SHARE = 1.2, 0.75  # BM25's k1 and b

STATEMENT = """
WITH asked AS (
    SELECT %s::text AS question, %s::halfvec AS embedding, %s::int AS index, %s::jsonb AS weights
),
scope (id) AS MATERIALIZED ({scope}),
permitted AS MATERIALIZED (
    SELECT id, config, term_count FROM rag_chunk WHERE collection_id IN (SELECT scope.id FROM scope)
),
total AS (SELECT count(*) AS chunks, avg(term_count) AS length FROM permitted),
asked_terms AS MATERIALIZED (
    SELECT config, lexeme AS term
    FROM asked, (SELECT DISTINCT config FROM permitted) present, unnest(to_tsvector(config::regconfig, question))
),
hits AS MATERIALIZED (
    SELECT permitted.id, permitted.term_count, posting.term, posting.frequency
    FROM asked_terms
    JOIN rag_posting posting
        ON posting.term = asked_terms.term AND posting.collection_id IN (SELECT scope.id FROM scope)
    JOIN permitted ON permitted.id = posting.chunk_id AND permitted.config = asked_terms.config
),
rarity AS (
    SELECT term, ln(1 + (chunks - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM hits, total GROUP BY term, chunks
),
by_words AS (
    SELECT hits.id, sum(
        rarity.weight * frequency * ({saturation} + 1)
        / (frequency + {saturation} * (1 - {length_share} + {length_share} * term_count / total.length))
    ) AS score
    FROM hits JOIN rarity USING (term), total
    GROUP BY hits.id ORDER BY score DESC, hits.id LIMIT {candidates}
),
by_meaning AS ({by_meaning}),
ranked AS (
    SELECT id,
        coalesce(greatest(by_words.score, 0) / nullif(greatest(max(by_words.score) OVER (), 0), 0), 0) AS words,
        coalesce(greatest(by_meaning.score, 0) / nullif(greatest(max(by_meaning.score) OVER (), 0), 0), 0) AS meaning
    FROM by_words FULL JOIN by_meaning USING (id)
),
weighed AS (
    SELECT chunk.*, share, share * meaning + (1 - share) * words AS score
    FROM ranked JOIN rag_chunk chunk USING (id), asked,
        LATERAL (SELECT CASE WHEN embedding IS NULL THEN 0
            ELSE coalesce(weights -> chunk.config, weights -> '')::float END AS share) weighing
),
fused AS (
    SELECT weighed.*, row_number() OVER (
        PARTITION BY md5(lower(regexp_replace(text, '\\s+', ' ', 'g'))) ORDER BY score DESC, id
    ) AS copy
    FROM weighed
),
best AS (SELECT * FROM fused WHERE copy = 1 ORDER BY score DESC, id LIMIT %s)
SELECT document.id, document.name, document.version, best.page, best.start, best.end, best.text, best.score,
    coalesce(focus.start, best.start), coalesce(focus.end, best.end)
FROM best JOIN rag_document document ON document.id = best.document_id
    LEFT JOIN LATERAL (
        SELECT part.start, part.end FROM asked, LATERAL (
            SELECT DISTINCT ON (vector.start) vector.start, vector.end,
                CASE WHEN vector.index_id = asked.index THEN 1 - (vector.embedding <=> asked.embedding) END AS meaning,
                (SELECT sum(rarity.weight) FROM rarity JOIN unnest(to_tsvector(best.config::regconfig,
                    substr(best.text, vector.start - best.start + 1, vector.end - vector.start))) ON lexeme = term
                ) AS words
            FROM rag_vector vector WHERE vector.chunk_id = best.id
            ORDER BY vector.start, vector.index_id = asked.index DESC
        ) part
        ORDER BY share * coalesce(greatest(meaning, 0) / nullif(greatest(max(meaning) OVER (), 0), 0), 0)
            + (1 - share) * coalesce(words / nullif(max(words) OVER (), 0), 0) DESC, part.start
        LIMIT 1
    ) focus ON true
ORDER BY best.score DESC, best.id
"""


@dataclass(frozen=True)
class Passage:
    """A chunk that fits the question, and within it the part that fits best; `page` is the page of that part."""

    document_id: uuid.UUID
    document_name: str
    version: int
    page: int | None
    start: int
    end: int
    text: str
    score: float
    focus_start: int
    focus_end: int


class Passages(list[Passage]):
    """Best first. `degraded` tells that meaning could not be compared, or not with all; there words decide alone."""

    degraded = False


async def retrieve(caller: Caller, question: str, collections: CollectionQuerySet, limit: int = 6) -> Passages:
    question = question.replace("\x00", "")[:LONGEST_QUESTION].strip()
    if not question:
        return Passages()
    meaning = await _meaning(caller, question)
    return await in_database(_search, caller, question, meaning, collections, limit)


Meaning = tuple[EmbeddingIndex, HalfVector]


async def _meaning(caller: Caller, question: str) -> Meaning | None:
    try:
        index = await in_database(index_in_use)
        [embedding] = await embed(caller, [question], Purpose.RETRIEVAL, index)
    except IngestionError as error:
        logger.warning("searching by words alone: %s", error.code)
        return None
    return index, embedding


def _search(
    caller: Caller, question: str, meaning: Meaning | None, collections: CollectionQuerySet, limit: int
) -> Passages:
    asked_for = Collection.objects.visible_to(caller.user).filter(pk__in=collections.order_by().values("pk"))
    try:
        scope, scope_params = asked_for.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return Passages()
    index, embedding = meaning or (None, None)
    weights = json.dumps({"": MEANING_WEIGHT, **MEANING_WEIGHTS, **(index.weights if index else {})})
    asked = [question, embedding.to_text() if embedding else None, index.pk if index else None, weights]
    with transaction.atomic(), connection.cursor() as cursor:
        way = nearest.way(cursor, index, scope, scope_params, CANDIDATES) if index else nearest.NONE
        statement = STATEMENT.format(
            scope=scope,
            by_meaning=way.sql,
            saturation=SATURATION,
            length_share=LENGTH_SHARE,
            candidates=CANDIDATES,
        )
        cursor.execute(statement, [*asked, *scope_params, limit])
        passages = Passages(Passage(*row) for row in cursor.fetchall())
    passages.degraded = way.is_incomplete
    return passages
