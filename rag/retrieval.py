"""From a question to the passages that answer it: by their words (BM25) and by their meaning, in one statement.

    question (and what it refers to) → sql/search.sql → copies folded → reranked → cut → sql/focus.sql

The statement itself holds the caller's rights: only collections that are visible to the caller now, and among those
asked for, are looked at, and all statistics (how many chunks, how long, how many hold a term) count these alone.
Both scores mean the same for every question: the share of the question's words, by their rarity, that a passage holds,
and the likeness of its nearest part. So their sum also tells when nothing fits.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from gateway import reranking
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Purpose
from rag import finding, questions, use
from rag.calibration import Calibration
from rag.duplicates import folded
from rag.embedding import embed, in_use
from rag.exceptions import IngestionError
from rag.filters import Condition, Filters
from rag.finding import Asked, Found, Scope
from rag.models import CollectionQuerySet
from rag.reranking import RERANKED, relevances

logger = logging.getLogger(__name__)

LONGEST_QUESTION = 4_000  # characters
SPARE = 10  # candidates more than wanted, of which some are copies of others
EVERYTHING = Filters()


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
    asked = await _meaning(caller, list(dict.fromkeys(filter(None, texts))))
    scope = finding.scope_of(caller.user, collections)
    if not asked or scope is None:
        return Passages()
    calibration, wanted = _calibration(asked[0]), max(limit, RERANKED) + SPARE
    found, degraded = await in_database(_search, asked, scope, within, calibration, wanted)
    passages = Passages()
    passages.degraded, passages.threshold = degraded, calibration.threshold
    passages.nearest = found[0].score if found else 0.0
    if not found or not (anyway or degraded or _fits(question, passages)):
        return passages
    ranked = await _reranked(caller, asked[-1].text, found, limit)
    spans = await in_database(finding.focus, asked[-1], [one for one, _ in ranked], calibration)
    await in_database(use.note, {one.document_id for one, _ in ranked})
    passages.extend(_passage(one, spans.get(one.chunk, (one.start, one.end)), relevance) for one, relevance in ranked)
    return passages


def _calibration(asked: Asked) -> Calibration:
    return Calibration(**asked.index.calibration) if asked.index else Calibration()


def _search(
    asked: list[Asked], scope: Scope, within: Condition | None, calibration: Calibration, wanted: int
) -> tuple[list[Found], bool]:
    """Best first, and whether meaning could not be compared with all."""
    found, is_incomplete = list[Found](), False
    for text in asked:
        more, is_incomplete = finding.find(text, scope, within, calibration, wanted)
        found += more
    return _best_first(found), is_incomplete


async def _meaning(caller: Caller, texts: list[str]) -> list[Asked]:
    try:
        index, deployment = await in_use.get(None)
        vectors = await embed(caller, texts, Purpose.RETRIEVAL, index, deployment)
    except IngestionError as error:
        logger.warning("searching by words alone: %s", error.code)
        return [Asked(text) for text in texts]
    return [Asked(text, index, vector) for text, vector in zip(texts, vectors, strict=True)]


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
