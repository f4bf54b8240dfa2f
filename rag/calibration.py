"""How far an embedding model is to be trusted, found out with questions whose answers are known. Pure.

The better a model tells the right passage of a language from the others, the more its opinion counts: nothing when it
could as well toss a coin, half of the score when it is always right. What texts have in common that have nothing in
common differs from model to model, so it is measured too and taken off.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

Embed = Callable[[list[str]], Awaitable[Sequence[Sequence[float]]]]  # vectors of length 1
Table = list[list[float]]  # of each question with each passage

FULL_WEIGHT = 0.5
OTHERS = ""
FIND = 0.85  # of what a right passage scores by meaning alone, where the model knows the language best


@dataclass(frozen=True)
class Calibration:
    """`weights` are the shares of meaning in a score, by text search configuration; `""` stands for all others.

    A cosine of `unrelated` counts as no likeness. A question whose best passage scores below `threshold` has none.
    Without values, those of all-MiniLM-L6-v2.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: {"english": 0.495, "german": 0.171, OTHERS: 0.171})
    threshold: float = 0.144
    unrelated: float = 0.078

    def likeness(self, cosine: float) -> float:
        return max(cosine - self.unrelated, 0) / (1 - self.unrelated)


async def calibrate(
    embed: Embed, samples: Mapping[str, Sequence[tuple[str, str]]], embed_passages: Embed | None = None
) -> Calibration:
    """`samples` are questions and their answers by text search configuration; the weakest stands for all others.

    `embed_passages` for a model that is told which is which.
    """
    tables = {language: await _cosines(pairs, embed, embed_passages or embed) for language, pairs in samples.items()}
    weights = {language: FULL_WEIGHT * max(0.0, 2 * _certainty(table) - 1) for language, table in tables.items()}
    unrelated = min(median(_wrong(table)) for table in tables.values())
    measured = Calibration(weights | {OTHERS: min(weights.values())}, 0.0, min(max(unrelated, 0.0), 0.95))
    best = max(weights, key=lambda language: weights[language])
    right = median(measured.likeness(row[place]) for place, row in enumerate(tables[best]))
    return Calibration(measured.weights, FIND * weights[best] * right, measured.unrelated)


async def _cosines(pairs: Sequence[tuple[str, str]], embed: Embed, embed_passages: Embed) -> Table:
    questions = await embed([question for question, _ in pairs])
    passages = await embed_passages([passage for _, passage in pairs])
    return [
        [sum(one * other for one, other in zip(question, passage, strict=True)) for passage in passages]
        for question in questions
    ]


def _certainty(table: Table) -> float:
    """How often the right passage is nearer than a wrong one."""
    return fmean(
        fmean(row[place] > cosine for other, cosine in enumerate(row) if other != place)
        for place, row in enumerate(table)
    )


def _wrong(table: Table) -> list[float]:
    return [cosine for place, row in enumerate(table) for other, cosine in enumerate(row) if other != place]
