"""Where a passage stands on the picture of its page.

The text we keep was cleaned: divided words are whole again, running heads are gone, lines are paragraphs. Its letters
are the same and in the same order, so the passage is looked for by these alone. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rag.letters import letters
from rag.sentences import Span

SHINGLE = 8  # letters that tell a place, where the two readings differ
FOUND = 0.8  # of the passage's letters; below that nothing is marked rather than the wrong thing
SAME_LINE = 0.5  # of the lower box's height, shared with the other

Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True)
class PageLetters:
    """The letters PDFium sees on a page, with their boxes in ten-thousandths of the page's width."""

    height: int
    letters: str
    boxes: Sequence[Box]


def boxes_of(page: PageLetters, text: str, span: Span) -> list[Box]:
    """One box a line for a span of the page's text as we keep it; empty where it cannot be told."""
    known, positions = letters(text)
    wanted = [index for index, position in enumerate(positions) if span[0] <= position < span[1]]
    if not wanted:
        return []
    return _lines([page.boxes[index] for index in _found(page.letters, known, wanted[0], wanted[-1] + 1)])


def _found(seen: str, known: str, first: int, last: int) -> list[int]:
    """Where in `seen` the letters of `known[first:last]` stand; empty when too few of them are found."""
    places = _places(seen, known[first:last])
    if places:
        before = len(_places(known[: last - 1], known[first:last]))
        start = places[min(before, len(places) - 1)]
        return list(range(start, start + last - first))
    seen_once, known_once = _unique_shingles(seen), _unique_shingles(known)
    found: dict[int, int] = {}
    for shingle, start in known_once.items():
        if shingle in seen_once:
            for step in range(SHINGLE):
                found[start + step] = seen_once[shingle] + step
    within = [found[index] for index in range(first, last) if index in found]
    return within if len(within) >= FOUND * (last - first) else []


def _places(text: str, part: str) -> list[int]:
    found, position = [], text.find(part)
    while position != -1:
        found.append(position)
        position = text.find(part, position + 1)
    return found


def _unique_shingles(text: str) -> dict[str, int]:
    places: dict[str, int] = {}
    repeated = set()
    for start in range(len(text) - SHINGLE + 1):
        shingle = text[start : start + SHINGLE]
        if places.setdefault(shingle, start) != start:
            repeated.add(shingle)
    return {shingle: start for shingle, start in places.items() if shingle not in repeated}


def _lines(boxes: Sequence[Box]) -> list[Box]:
    lines: list[Box] = []
    for box in boxes:
        if lines and _is_same_line(lines[-1], box):
            last = lines[-1]
            lines[-1] = min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3])
        else:
            lines.append(box)
    return [box for box in lines if box[0] < box[2] and box[1] < box[3]]


def _is_same_line(line: Box, box: Box) -> bool:
    shared = min(line[3], box[3]) - max(line[1], box[1])
    return shared > SAME_LINE * min(line[3] - line[1], box[3] - box[1])
