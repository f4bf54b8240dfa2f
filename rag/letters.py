"""Letters and digits alone, as they are compared between two readings of the same text. Pure, and free of Django."""

import unicodedata
from collections.abc import Iterator


def folded(character: str) -> str:
    """What is left of a character without case, accents and ligatures; empty for all that is no letter or digit."""
    parts = unicodedata.normalize("NFKD", character).casefold()
    return "".join(part for part in parts if part.isalnum())


def letters(text: str) -> tuple[str, list[int]]:
    """The letters of a text, and for each the position it stands at."""
    found, positions = [], []
    for letter, position in _letters(text):
        found.append(letter)
        positions.append(position)
    return "".join(found), positions


def _letters(text: str) -> Iterator[tuple[str, int]]:
    for position, character in enumerate(text):
        for letter in folded(character):
            yield letter, position
