"""Which sentences of the sources answer a question: shared words weighed by their rarity, and likeness of meaning.

A word that stands elsewhere in the sentence's passage, or in its title, counts in part: "30 days a year." answers a
question about holidays when the passage is about holidays. In German words count for more, because the embedding
model that comes with the installation knows little German.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference import figures, sentences
from inference.embedding import Vectors
from inference.language import Language, ends_alike, kinship, stems
from inference.sources import Source

MAX_CHARACTERS = 100_000  # of all sources together; what lies beyond is not read
MAX_COMPARED = 20  # sentences compared by meaning: about 100 ms on two cores
MAX_QUOTED = 4
FROM_CONTEXT = 0.4  # how much of a hit a word is that stands only elsewhere in the passage
HALVES = 0.9
LIKE_THE_BEST = 0.75  # further sentences have to reach this part of the best score
SAME_WORDS = 0.8  # overlap from which two sentences say the same
FIRST_BONUS = 0.1

WEIGHT_OF_WORDS = {"de": 0.7, "en": 0.5}
# a sentence counts when it holds so much of the question's words, or is so like it in meaning (cosine)
SURE = {"de": (0.5, 0.6), "en": (0.5, 0.5)}
LIKELY = {"de": (0.3, 0.58), "en": (0.22, 0.38)}

LEANS_ON_THE_LAST = re.compile(
    r"(dies|diese|dieser|dieses|diesen|er|sie|es|dabei|dafür|dazu|hierfür|hierzu|it|this|these|they|he|she|that)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    source: Source
    position: int  # in its source
    text: str
    stems: frozenset[str]

    @property
    def is_quotable(self) -> bool:
        """A heading answers nothing."""
        return len(self.stems) >= 2 and len(self.text.split()) >= 4


def read(sources: Sequence[Source], language: Language) -> list[Sentence]:
    found, left = [], MAX_CHARACTERS
    for source in sources:
        for position, text in enumerate(sentences.split(source.text[: max(left, 0)])):
            found.append(Sentence(source, position, text, frozenset(stems(text, language))))
        left -= len(source.text)
    return found


def by_words(question: Sequence[str], found: Sequence[Sentence], language: Language) -> list[float]:
    """For each sentence the part of the question's words that it holds, 0 to 1, rare words weighing more."""
    passages = _passages(found, language)
    vocabulary = frozenset[str]().union(*passages.values())
    scores, total = [0.0] * len(found), 0.0
    for word in dict.fromkeys(question):
        kin = {other: part for other in vocabulary if (part := kinship(word, other, language))}
        tails = {other for other in vocabulary if language == "de" and ends_alike(word, other)}
        hits = [_hit(kin, tails, sentence.stems) for sentence in found]
        weight = math.log(1 + len(found) / (sum(hit > 0 for hit in hits) or 0.5))
        total += weight
        for number, (hit, sentence) in enumerate(zip(hits, found, strict=True)):
            around = FROM_CONTEXT * _hit(kin, tails, passages[sentence.source]) if hit < FROM_CONTEXT else 0.0
            scores[number] += weight * max(hit, around)
    return [score / total for score in scores] if total else scores


def worth_comparing(scores: Sequence[float], found: Sequence[Sentence]) -> list[int]:
    """The numbers of the sentences to compare by meaning: the best by words, and the first of the passages."""
    quotable = [number for number, sentence in enumerate(found) if sentence.is_quotable]
    best = sorted(quotable, key=lambda number: -scores[number])[: MAX_COMPARED * 2 // 3]
    return list(dict.fromkeys(best + quotable))[:MAX_COMPARED]


def evidence(question: str, words: float, likeness: float, sentence: Sentence, language: Language) -> "Evidence":
    share = WEIGHT_OF_WORDS[language]
    score = share * words + (1 - share) * max(likeness, 0.0) + figures.bonus(question, sentence.text)
    return Evidence(sentence, words, likeness, score)


@dataclass(frozen=True)
class Evidence:
    """Why a sentence may answer the question."""

    sentence: Sentence
    words: float
    likeness: float
    score: float

    def reaches(self, bar: tuple[float, float]) -> bool:
        return self.words >= bar[0] or self.likeness >= bar[1]


def choose(compared: Sequence[Evidence], found: Sequence[Sentence], language: Language) -> tuple[list[Sentence], bool]:
    """The best sentences, each source's in the order of its text, and whether they surely answer.

    One to four of them when sure; the single best one when it is only likely; none when nothing fits.
    """
    ranked = sorted(compared, key=lambda one: -one.score)
    likely = [one for one in ranked if one.reaches(LIKELY[language])]
    if not any(one.reaches(SURE[language]) for one in likely):
        return (_with_its_antecedent(likely[0].sentence, found) if likely else []), False
    chosen: list[Sentence] = []
    for one in likely:
        if one.score >= likely[0].score * LIKE_THE_BEST and all(_overlap(one.sentence, s) < SAME_WORDS for s in chosen):
            chosen += [s for s in _with_its_antecedent(one.sentence, found) if s not in chosen]
    return grouped(chosen[:MAX_QUOTED]), True


def central(vectors: Vectors, found: Sequence[Sentence]) -> list[Sentence]:
    """Of each source the sentence that is most like the whole of it; the first one has an advantage."""
    chosen = []
    for source in dict.fromkeys(sentence.source for sentence in found):
        numbers = [number for number, sentence in enumerate(found) if sentence.source == source]
        likeness = vectors[numbers] @ vectors[numbers].mean(axis=0)
        likeness[0] += FIRST_BONUS
        chosen.append(found[numbers[int(likeness.argmax())]])
    return chosen[:MAX_QUOTED]


def grouped(chosen: Sequence[Sentence]) -> list[Sentence]:
    order = list(dict.fromkeys(sentence.source for sentence in chosen))
    return sorted(chosen, key=lambda sentence: (order.index(sentence.source), sentence.position))


def _passages(found: Sequence[Sentence], language: Language) -> dict[Source, frozenset[str]]:
    passages: dict[Source, set[str]] = {}
    for sentence in found:
        passages.setdefault(sentence.source, set(stems(sentence.source.title, language))).update(sentence.stems)
    return {source: frozenset(held) for source, held in passages.items()}


def _hit(kin: dict[str, float], tails: set[str], held: frozenset[str]) -> float:
    """The best relative that is held; the two halves of a German compound in two words are nearly the word."""
    related = held & kin.keys()
    best = max((kin[word] for word in related), default=0.0)
    return HALVES if 0 < best < HALVES and (held & tails) - related else best


def _overlap(one: Sentence, other: Sentence) -> float:
    return len(one.stems & other.stems) / len(one.stems | other.stems)


def _with_its_antecedent(sentence: Sentence, found: Sequence[Sentence]) -> list[Sentence]:
    """The sentence, and before it the one that its first word points back to."""
    number = found.index(sentence)
    if sentence.position and LEANS_ON_THE_LAST.match(sentence.text) and found[number - 1].is_quotable:
        return [found[number - 1], sentence]
    return [sentence]
