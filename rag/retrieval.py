"""From a question to the passages that answer it: by their words (BM25) and by their meaning.

    question (and what it refers to) → sql/words.sql → sql/search.sql → copies folded → reranked → cut → sql/focus.sql
                                     ↘ its vectors   ↗

The statements themselves hold the caller's rights: only collections that are visible to the caller now, and among those
asked for, are looked at, and all statistics (how many chunks, how long, how many hold a term) count these alone.
Both scores mean the same for every question: the share of the question's words, by their rarity, that a passage holds,
and the likeness of its nearest part. So their sum also tells when nothing fits.
"""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from pgvector import HalfVector

from gateway import reranking
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Deployment, Purpose
from rag import finding, nearest, questions, use, words
from rag.calibration import Calibration
from rag.duplicates import folded
from rag.embedding import embed, in_use
from rag.exceptions import IngestionError
from rag.filters import Condition, Filters
from rag.finding import Asked, Found, Search
from rag.models import CollectionQuerySet, EmbeddingIndex
from rag.reranking import RERANKED, relevances
from rag.sentences import Span
from rag.words import Scope

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 4_000  # characters
SPARE = 10  # candidates more than wanted, of which some are copies of others
EVERYTHING = Filters()
BY_WORDS_ALONE = "searching by words alone: %s"
Served = tuple[EmbeddingIndex, Deployment | None]  # the index that is searched, and who serves its model


@dataclass(frozen=True)
class Passage:
    """A chunk that fits the question, and within it the part that fits best; `page` is the page of that part.

    `words` is the share of the question's weight that its terms hold, `meaning` the likeness of its nearest part,
    `score` both together, by which it was ranked unless there is a `relevance`: what a reranking model thinks of it.
    """

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
    page_kind: str = ""
    page_label: str = ""
    words: float = 0.0
    meaning: float = 0.0
    relevance: float | None = None


class Passages(list[Passage]):
    """Best first. `degraded` tells that meaning could not be compared, or not with all; there words decide alone.

    `nearest` is the best score there was, also where it was below `threshold` and nothing is given.
    """

    degraded = False
    nearest = 0.0
    threshold = 0.0


async def retrieve(
    caller: Caller,
    question: str,
    collections: CollectionQuerySet,
    limit: int = 6,
    *,
    filters: Filters = EVERYTHING,
    rephrased: str = "",
    anyway: bool = False,
) -> Passages:
    """`rephrased` is the same question, with what it refers to; `anyway` gives also what hardly fits.

    Raises InvalidFilter.
    """
    within = filters.condition() if filters else None
    texts = [text.replace("\x00", "")[:LONGEST_QUESTION].strip() for text in (question, rephrased)]
    texts = list(dict.fromkeys(filter(None, texts)))
    scope = finding.scope_of(caller.user, collections)
    if not texts or scope is None:
        return Passages()
    search, asked = await _begun(caller, texts, scope, within)
    found = await in_database(_search, search, asked, max(limit, RERANKED) + SPARE)
    passages = Passages()
    passages.degraded, passages.threshold = search.way.is_incomplete, search.calibration.threshold
    passages.nearest = found[0].score if found else 0.0
    if not found or not (anyway or passages.degraded or _fits(question, passages)):
        return passages
    ranked = await _reranked(caller, asked[-1].text, found, limit)
    spans = await in_database(_handed_over, search, asked[-1], [one for one, _ in ranked])
    passages.extend(_passage(one, spans.get(one.chunk, (one.start, one.end)), relevance) for one, relevance in ranked)
    return passages


async def _begun(
    caller: Caller, texts: list[str], scope: Scope, within: Condition | None
) -> tuple[Search, list[Asked]]:
    """What needs no vectors is done while the model makes them."""
    served = await _in_use()
    index = served[0] if served else None
    (known, way), vectors = await asyncio.gather(
        in_database(words.begin, texts, index, scope, within), _vectors(caller, texts, served)
    )
    if index is None or vectors is None:
        asked = [Asked(text, its_words) for text, its_words in zip(texts, known, strict=True)]
        return Search(scope, within, nearest.NONE, Calibration()), asked
    asked = [
        Asked(text, its_words, index, vector) for text, its_words, vector in zip(texts, known, vectors, strict=True)
    ]
    return Search(scope, within, way, Calibration(**index.calibration)), asked


async def _in_use() -> Served | None:
    try:
        return await in_use.get(None)
    except IngestionError as error:
        logger.warning(BY_WORDS_ALONE, error.code)
        return None


async def _vectors(caller: Caller, texts: list[str], served: Served | None) -> list[HalfVector] | None:
    try:
        return await embed(caller, texts, Purpose.RETRIEVAL, *served) if served else None
    except IngestionError as error:
        logger.warning(BY_WORDS_ALONE, error.code)
        return None


def _search(search: Search, asked: list[Asked], wanted: int) -> list[Found]:
    return _best_first([found for each in asked for found in finding.find(search, each, wanted)])


def _handed_over(search: Search, asked: Asked, found: list[Found]) -> dict[int, Span]:
    """What of each fits best; its document was used today."""
    use.note({one.document_id for one in found if use.is_due(one.used_at)})
    return finding.focus(asked, [one.chunk for one in found], search.calibration)


def _best_first(found: Sequence[Found]) -> list[Found]:
    """Each chunk once, as it was found best."""
    best = {one.chunk: one for one in sorted(found, key=lambda one: one.score)}
    return sorted(best.values(), key=lambda one: (-one.score, one.chunk))


def _fits(question: str, passages: Passages) -> bool:
    return passages.nearest >= passages.threshold or questions.asks_for_an_overview(question)


async def _reranked(caller: Caller, question: str, found: list[Found], limit: int) -> list[tuple[Found, float | None]]:
    different = folded(found[: max(limit, RERANKED) + SPARE], lambda one: one.text)
    if not await reranking.is_offered(caller):
        return [(one, None) for one in islice(different, limit)]
    first, others = list(islice(different, RERANKED)), list(different)
    scores = await relevances(caller, question, [one.text for one in first])
    if scores is None:
        return [(one, None) for one in [*first, *others][:limit]]
    ranked = sorted(zip(first, scores, strict=True), key=lambda one: -one[1])
    return [*ranked, *((one, None) for one in others)][:limit]


def _passage(found: Found, focus: tuple[int, int], relevance: float | None) -> Passage:
    return Passage(
        document_id=found.document_id,
        document_name=found.document_name,
        version=found.version,
        page=found.page,
        start=found.start,
        end=found.end,
        text=found.text,
        score=found.score,
        focus_start=focus[0],
        focus_end=focus[1],
        page_kind=found.page_kind,
        page_label=found.page_label,
        words=found.words,
        meaning=found.meaning,
        relevance=relevance,
    )
