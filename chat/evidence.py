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
        if any(not self._knows(name) for name in claim.names):
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

    def _knows(self, word: str) -> bool:
        known = (word for sentence in (*self.sentences, self.names) for word in sentence.words)
        return any(same(word, other) for other in known)

    def best(self, claim: Sentence) -> tuple[Sentence, float]:
        """The window that shares most of the claim's words and numbers, and how much that is."""
        shares = ((window, self._share(claim, window)) for window in self.windows)
        return max(shares, key=lambda found: found[1], default=(Sentence(""), 0.0))

    def _share(self, claim: Sentence, window: Sentence) -> float:
        total = hit = 0.0
        for word, is_capital in claim.words.items():
            weight = CAPITAL if is_capital else 1.0
            total += weight
            hit += weight * any(same(word, other) for other in (*window.words, *self.names.words))
        total += NUMBER * len(claim.numbers)
        hit += NUMBER * len(claim.numbers & (window.numbers | self.names.numbers))
        return hit / total if total else 0.0


def same(word: str, other: str) -> bool:
    """Two forms of a word, or a part of a compound: `urlaub` in `jahresurlaub`."""
    if word == other:
        return True
    shorter, longer = sorted((word, other), key=len)
    if len(shorter) >= SHORTEST_PART and shorter in longer:
        return True
    common = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), len(shorter))
    return common >= max(SHORTEST_PREFIX, LONGEST_PREFIX * len(longer))
