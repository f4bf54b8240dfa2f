"""Which sentences of the sources answer a question: shared words weighed by their rarity, and likeness of meaning.

A word that stands elsewhere in the sentence's passage, or in its title, counts in part: "30 days a year." answers a
question about holidays when the passage is about holidays. In German words count for more, because the embedding
model that comes with the installation knows little German.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from inference import sentences
from inference.embedding import Vectors
from inference.language import Language, kinship, stems
from inference.sources import Source

MAX_CHARACTERS = 100_000  # of all sources together; what lies beyond is not read
MAX_COMPARED = 24  # sentences compared by meaning: about 100 ms on two cores
MAX_QUOTED = 4
FROM_CONTEXT = 0.4  # how much of a hit a word is that stands only elsewhere in the passage
LIKE_THE_BEST = 0.72  # further sentences have to reach this part of the best score
SAME_WORDS = 0.8  # overlap from which two sentences say the same
FIGURE_BONUS = 0.12

WEIGHT_OF_WORDS = {"de": 0.7, "en": 0.5}
RELEVANT = {"de": 0.36, "en": 0.4}
MEANING_FROM, MEANING_TO = 0.15, 0.75  # cosines that stand for 0 and 1

ASKS_FOR_A_FIGURE = re.compile(
    r"\b(wie ?viele?n?|wie (hoch|lange?|oft|weit|gro(ß|ss)|alt|teuer|schnell)|wann|bis wann|"
    r"how (many|much|long|often|far|old|high|large|soon|late)|when|what time)\b",
    re.IGNORECASE,
)
FIGURE = re.compile(
    r"\d|\b(ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|two|three|four|five|six|seven|eight|nine|ten|"
    r"twelve|once|twice|täglich|wöchentlich|monatlich|jährlich|daily|weekly|monthly|yearly|montags?|dienstags?|mittwochs?|"
    r"donnerstags?|freitags?|(mon|tues|wednes|thurs|fri)days?)\b",
    re.IGNORECASE,
)
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
        hits = [_hit(kin, sentence.stems) for sentence in found]
        weight = math.log(1 + len(found) / (sum(hit > 0 for hit in hits) or 0.5))
        total += weight
        for number, (hit, sentence) in enumerate(zip(hits, found, strict=True)):
            around = FROM_CONTEXT * _hit(kin, passages[sentence.source]) if hit < FROM_CONTEXT else 0.0
            scores[number] += weight * max(hit, around)
    return [score / total for score in scores] if total else scores


def worth_comparing(scores: Sequence[float], found: Sequence[Sentence]) -> list[int]:
    """The numbers of the sentences to compare by meaning: the best by words, and the first of the passages."""
    quotable = [number for number, sentence in enumerate(found) if sentence.is_quotable]
    best = sorted(quotable, key=lambda number: -scores[number])[: MAX_COMPARED * 2 // 3]
    return list(dict.fromkeys(best + quotable))[:MAX_COMPARED]


def combined(words: float, likeness: float, sentence: Sentence, question: str, language: Language) -> float:
    meaning = min(max((likeness - MEANING_FROM) / (MEANING_TO - MEANING_FROM), 0.0), 1.0)
    share = WEIGHT_OF_WORDS[language]
    score = share * words + (1 - share) * meaning
    if ASKS_FOR_A_FIGURE.search(question) and FIGURE.search(sentence.text):
        score += FIGURE_BONUS
    return score


def choose(scores: dict[int, float], found: Sequence[Sentence], language: Language) -> list[Sentence]:
    """The best one to four sentences, best source first and each source's in the order of its text."""
    best = max(scores.values(), default=0.0)
    if best < RELEVANT[language]:
        return []
    chosen: list[Sentence] = []
    for number in sorted(scores, key=lambda number: -scores[number]):
        if scores[number] < max(best * LIKE_THE_BEST, RELEVANT[language]) or len(chosen) == MAX_QUOTED:
            break
        sentence = found[number]
        if all(_overlap(sentence, other) < SAME_WORDS for other in chosen):
            chosen += _with_its_antecedent(number, found, chosen)
    return grouped(chosen[:MAX_QUOTED])


def central(vectors: Vectors, found: Sequence[Sentence]) -> list[Sentence]:
    """The sentence of each source that is most like all the others together."""
    likeness = vectors @ vectors.mean(axis=0)
    best: dict[str, int] = {}
    for number, sentence in enumerate(found):
        held = best.get(sentence.source.id)
        if held is None or likeness[number] > likeness[held]:
            best[sentence.source.id] = number
    return [found[number] for number in best.values()][:MAX_QUOTED]


def grouped(chosen: Sequence[Sentence]) -> list[Sentence]:
    order = list(dict.fromkeys(sentence.source for sentence in chosen))
    return sorted(chosen, key=lambda sentence: (order.index(sentence.source), sentence.position))


def _passages(found: Sequence[Sentence], language: Language) -> dict[Source, frozenset[str]]:
    passages: dict[Source, set[str]] = {}
    for sentence in found:
        passages.setdefault(sentence.source, set(stems(sentence.source.title, language))).update(sentence.stems)
    return {source: frozenset(held) for source, held in passages.items()}


def _hit(kin: dict[str, float], held: frozenset[str]) -> float:
    return max((part for word, part in kin.items() if word in held), default=0.0)


def _overlap(one: Sentence, other: Sentence) -> float:
    return len(one.stems & other.stems) / len(one.stems | other.stems)


def _with_its_antecedent(number: int, found: Sequence[Sentence], chosen: Sequence[Sentence]) -> list[Sentence]:
    """The sentence, and before it the one that its first word points back to."""
    sentence = found[number]
    if number and sentence.position and LEANS_ON_THE_LAST.match(sentence.text):
        last = found[number - 1]
        if last.is_quotable and last not in chosen:
            return [last, sentence]
    return [sentence]
