"""Passages that say the same in nearly the same words, e.g. out of two versions of a document. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

SHINGLE = 3  # words
ALIKE = 0.8  # of the shingles of both together
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Print:
    shingles: frozenset[tuple[str, ...]]
    numbers: frozenset[str]  # the fee of this year is not the fee of the last

    def is_like(self, other: "Print") -> bool:
        alike = len(self.shingles & other.shingles) >= ALIKE * len(self.shingles | other.shingles)
        return alike and self.numbers == other.numbers


def folded(passages: Iterable[T], text_of: Callable[[T], str]) -> Iterator[T]:
    """The first of each kind."""
    kept: list[Print] = []
    for passage in passages:
        found = print_of(text_of(passage))
        if not any(found.is_like(other) for other in kept):
            kept.append(found)
            yield passage


def print_of(text: str) -> Print:
    words = WORD.findall(text.casefold()) or [text.strip()]
    shingles = (tuple(words[start : start + SHINGLE]) for start in range(max(1, len(words) - SHINGLE + 1)))
    return Print(frozenset(shingles), frozenset(filter(str.isdigit, words)))
