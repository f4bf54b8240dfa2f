"""Whether passages say what a sentence says, judged by its words, numbers and quotations. Pure.

It compares; it understands nothing. What it finds wanting, a reader has to look at.
"""

import enum
from collections.abc import Iterable, Sequence
from functools import cached_property

from chat.words import Sentence
from rag.letters import letters
from rag.sentences import paragraphs, sentences

CAPITAL = 2.0  # how much more a word with a capital counts, which may be a name
NUMBER = 1.5
LONGEST_PREFIX = 0.65  # of the longer word, from which two words are taken for one
SHORTEST_PREFIX = 4
SHORTEST_PART = 5  # of a compound
SHORTEST_COPY = 12  # letters
SURE = 0.85  # of the words; meaning need not be asked
ENOUGH = 0.52  # half words, half meaning (cosine)
ENOUGH_WORDS = 0.45  # where meaning could not be compared
SAME_SENTENCE = 0.75  # of the words; from here on one that denies contradicts one that does not


class Doubt(enum.StrEnum):
    QUOTATION = "quotation"
    NUMBER = "number"
    NAME = "name"
    DENIAL = "denial"
    WORDS = "words"


class Evidence:
    def __init__(self, passages: Sequence[str], names: Iterable[str] = ()) -> None:
        self.passages = passages
        self.names = Sentence(" ".join(names))
        self._kinships: dict[str, frozenset[str]] = {}

    @cached_property
    def sentences(self) -> list[Sentence]:
        return [
            Sentence(text[slice(*span)])
            for text in self.passages
            for paragraph in paragraphs(text, 0, len(text))
            for span in sentences(text, *paragraph)
        ]

    @cached_property
    def windows(self) -> list[Sentence]:
        """Each sentence, and each with the one after it: a statement may take from both."""
        pairs = zip(self.sentences, self.sentences[1:], strict=False)
        return [*self.sentences, *(Sentence(f"{one.text} {two.text}") for one, two in pairs)]

    @cached_property
    def letters(self) -> str:
        return " ".join(letters(text)[0] for text in self.passages)

    @cached_property
    def numbers(self) -> frozenset[str]:
        return frozenset().union(self.names.numbers, *(sentence.numbers for sentence in self.sentences))

    def doubt(self, claim: Sentence, meaning: float | None = None) -> Doubt | None:
        """None when nothing speaks against it; `meaning` is how like the likest window is, where that is known."""
        return self.plain_doubt(claim) or (None if self._holds(claim, meaning) else Doubt.WORDS)

    def plain_doubt(self, claim: Sentence) -> Doubt | None:
        """What can be told without weighing anything."""
        if any(letters(quoted)[0] not in self.letters for quoted in claim.quotations):
            return Doubt.QUOTATION
        if claim.numbers - self.numbers:
            return Doubt.NUMBER
        if self.is_copied(claim):
            return None
        if any(not self._kin(name) for name in claim.names):
            return Doubt.NAME
        best, share = self.best(claim)
        return Doubt.DENIAL if share >= SAME_SENTENCE and claim.denies != best.denies else None

    def is_open(self, claim: Sentence) -> bool:
        """Whether meaning would make a difference."""
        return not self.is_copied(claim) and not self._is_foreign(claim) and self.best(claim)[1] < SURE

    def is_copied(self, claim: Sentence) -> bool:
        plain = letters(claim.text)[0]
        return len(plain) >= SHORTEST_COPY and plain in self.letters

    def _holds(self, claim: Sentence, meaning: float | None) -> bool:
        if not self.is_open(claim):
            return True
        share = self.best(claim)[1]
        return share >= ENOUGH_WORDS if meaning is None else (share + meaning) / 2 >= ENOUGH

    def _is_foreign(self, claim: Sentence) -> bool:
        """A sentence in another language shares no words with its source, and says nothing wrong by that."""
        spoken = Sentence(" ".join(self.passages)).language
        return bool(spoken and claim.language) and spoken != claim.language

    def best(self, claim: Sentence) -> tuple[Sentence, float]:
        """The window that shares most of the claim's words and numbers, and how much that is."""
        return max(self._shares(claim), key=lambda found: found[1], default=(Sentence(""), 0.0))

    def likeliest(self, claim: Sentence, most: int) -> list[Sentence]:
        ranked = sorted(self._shares(claim), key=lambda found: -found[1])
        return [window for window, _share in ranked[:most]]

    def _shares(self, claim: Sentence) -> list[tuple[Sentence, float]]:
        weights = {word: CAPITAL if is_capital else 1.0 for word, is_capital in claim.words.items()}
        total = sum(weights.values()) + NUMBER * len(claim.numbers)
        kin = {word: self._kin(word) for word in weights}
        return [(window, self._hit(claim, window, weights, kin) / total if total else 0.0) for window in self.windows]

    def _hit(
        self, claim: Sentence, window: Sentence, weights: dict[str, float], kin: dict[str, frozenset[str]]
    ) -> float:
        present = window.words.keys() | self.names.words.keys()
        shared = len(claim.numbers & (window.numbers | self.names.numbers))
        return sum(weights[word] for word in weights if kin[word] & present) + NUMBER * shared

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(word for sentence in (*self.sentences, self.names) for word in sentence.words)

    def _kin(self, word: str) -> frozenset[str]:
        """The words of the passages that are the same word."""
        if word not in self._kinships:
            self._kinships[word] = frozenset(other for other in self._vocabulary if same(word, other))
        return self._kinships[word]


def same(word: str, other: str) -> bool:
    """Two forms of a word, or a part of a compound: `urlaub` in `jahresurlaub`."""
    if word == other:
        return True
    shorter, longer = sorted((word, other), key=len)
    if len(shorter) >= SHORTEST_PART and shorter in longer:
        return True
    common = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(shorter))
    return common >= max(SHORTEST_PREFIX, LONGEST_PREFIX * len(longer))
