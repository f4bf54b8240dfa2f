"""What comes of asking all questions of a collection."""

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.retrieval.collections import Corpus, Question, holds_answer, is_marked

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller
    from rag.models import CollectionQuerySet
    from rag.retrieval import Passages

BUDGET = 1_000  # tokens
CHARACTERS_PER_TOKEN = 4
DEEP = 20  # passages, of which ten documents come


@dataclass
class Outcome:
    """One value a question, in their order."""

    gains: list[float] = field(default_factory=list)
    marks: list[float] = field(default_factory=list)  # of the first passages out of the right document
    in_first: dict[int, list[float]] = field(default_factory=lambda: {1: [], 3: []})
    in_budget: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


async def asked(caller: "Caller", corpus: Corpus) -> Outcome:
    outcome = Outcome()
    for question in corpus.questions:
        began = time.perf_counter()
        passages = await ask(caller, question, within(corpus, 0, 1), limit=DEEP, anyway=True)
        outcome.seconds.append(time.perf_counter() - began)
        outcome.gains.append(gain([passage.document_name for passage in passages], question.relevant))
        if outcome.gains[-1] == 1:
            outcome.marks.append(is_marked(passages[0], question))
        holds = [holds_answer(passage, question) for passage in passages]
        for count, found in outcome.in_first.items():
            found.append(any(holds[:count]))
        outcome.in_budget.append(any(holds[: fitting(passages)]))
    return outcome


async def refused(caller: "Caller", corpus: Corpus) -> tuple[list[float], list[float]]:
    """Of the questions asked of their own half of the articles, and of the other: whether nothing was found."""
    lost, refused = [], []
    for question in corpus.questions:
        own, other = (within(corpus, (question.article + half) % 2) for half in range(2))
        lost.append(float(not await ask(caller, question, own, limit=1)))
        refused.append(float(not await ask(caller, question, other, limit=1)))
    return lost, refused


async def ask(
    caller: "Caller", question: Question, scope: "CollectionQuerySet", limit: int, anyway: bool = False
) -> "Passages":
    from rag.retrieval import retrieve

    passages = await retrieve(caller, question.text, scope, limit=limit, anyway=anyway)
    if passages.degraded:
        raise SystemExit("The embedding server fell silent.")
    return passages


def within(corpus: Corpus, *halves: int) -> "CollectionQuerySet":
    from rag.models import Collection

    return Collection.objects.filter(pk__in=[corpus.halves[half].pk for half in halves])


def gain(found: list[str], relevant: str) -> float:
    """nDCG@10 with one relevant document: documents count once, at their best passage."""
    ranking = list(dict.fromkeys(found))[:10]
    return 1 / math.log2(ranking.index(relevant) + 2) if relevant in ranking else 0.0


def fitting(passages: "Passages") -> int:
    """How many of the first passages fit into the budget."""
    left = BUDGET * CHARACTERS_PER_TOKEN
    for position, passage in enumerate(passages):
        left -= len(passage.text)
        if left < 0:
            return position
    return len(passages)


def mean(values: list[float], corpus: Corpus, of: Callable[[Question], bool] = lambda question: True) -> float:
    return statistics.fmean(value for value, one in zip(values, corpus.questions, strict=True) if of(one))
