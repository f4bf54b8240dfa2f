"""Does what an answer says stand in its sources? Each sentence is compared with the passages it names.

Words, numbers, names and quotations are compared first; where these leave it open, meaning is, through the gateway.
It takes a few seconds at most, after the last word was shown; without the embedding model words decide alone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from chat.evidence import Evidence
from chat.markers import Links
from chat.models import Citation
from chat.rendering import cited, statements
from chat.words import Sentence
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Purpose
from rag.embedding import embed, index_in_use
from rag.exceptions import IngestionError

logger = logging.getLogger(__name__)

TIME = 4.0  # seconds for meaning
MOST_STATEMENTS = 80
MOST_TEXTS = 96  # embedded for one answer
WINDOWS = 6  # of its sources that a statement is compared with by meaning
FEWEST_WORDS = 2

Vectors = list[list[float]]
Embed = Callable[[list[str]], Awaitable[Vectors]]


class Support(TypedDict):
    checked: int  # statements
    doubts: dict[str, str]  # number of the sentence → Doubt


@dataclass(frozen=True)
class Statement:
    number: int  # among the sentences of the answer
    sentence: Sentence
    evidence: Evidence


async def check(caller: Caller, text: str, sources: Sequence[Citation]) -> Support | None:
    """None where there is nothing to compare with."""

    async def embedded(texts: list[str]) -> Vectors:
        vectors = await embed(caller, texts, Purpose.RETRIEVAL, await in_database(index_in_use))
        return [vector.to_list() for vector in vectors]

    if not sources:
        return None
    found = await asyncio.to_thread(to_check, text, sources)
    return await verdict(found, embedded)


async def verdict(found: Sequence[Statement], embedded: Embed) -> Support:
    doubted = await asyncio.to_thread(lambda: {one.number: one.evidence.plain_doubt(one.sentence) for one in found})
    left = [one for one in found if not doubted[one.number] and one.evidence.is_open(one.sentence)]
    meanings = await _meanings(left, embedded) if left else {}
    for one in left:
        doubted[one.number] = one.evidence.doubt(one.sentence, meanings.get(one.number))
    return {"checked": len(found), "doubts": {str(number): doubt for number, doubt in doubted.items() if doubt}}


def to_check(text: str, sources: Sequence[Citation]) -> list[Statement]:
    """A sentence that names sources is held against these, any other against all the answer names."""
    by_number = {citation.number: citation for citation in sources}
    known: Links = dict.fromkeys(by_number, ("", ""))
    named = cited(text, known) or set(by_number)
    prepared: dict[frozenset[int], Evidence] = {}
    found = []
    for number, claim in enumerate(statements(text, known)):
        sentence = Sentence(claim.text)
        if not claim.is_statement or not _says_something(sentence):
            continue
        wanted = frozenset(claim.numbers or named)
        if wanted not in prepared:
            prepared[wanted] = _evidence(by_number[one] for one in sorted(wanted))
        found.append(Statement(number, sentence, prepared[wanted]))
    return found[:MOST_STATEMENTS]


def _says_something(sentence: Sentence) -> bool:
    return len(sentence.words) + len(sentence.numbers) >= FEWEST_WORDS


def _evidence(citations: Iterable[Citation]) -> Evidence:
    given = list(citations)
    return Evidence([citation.text for citation in given], [citation.document_name for citation in given])


async def _meanings(left: Sequence[Statement], embedded: Embed) -> dict[int, float]:
    """How like the likest part of its sources each statement is; nothing where that could not be told in time."""
    parts = {one.number: [window.text for window in one.evidence.likeliest(one.sentence, WINDOWS)] for one in left}
    texts: dict[str, None] = {}
    compared = []
    for one in left:
        wanted = dict.fromkeys([one.sentence.text, *parts[one.number]])
        if len(texts | wanted) <= MOST_TEXTS:
            texts |= wanted
            compared.append(one)
    try:
        async with asyncio.timeout(TIME):
            vectors = dict(zip(texts, await embedded(list(texts)), strict=True))
    except (IngestionError, TimeoutError) as error:
        logger.warning("statements are compared by words alone: %s", type(error).__name__)
        return {}
    return {
        one.number: max(_cosine(vectors[one.sentence.text], vectors[part]) for part in parts[one.number])
        for one in compared
    }


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))  # of length 1
