"""Pages of a text, and the leaves in which a browser is shown it. Pure."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.sentences import Span

SHEET = 40_000  # characters that are shown at once


def page_at(page_starts: Sequence[int], position: int) -> int | None:
    """The number of the page, counted from 1; None where pages mean nothing."""
    return max(1, bisect_right(page_starts, position)) if page_starts else None


def single_pages(text: str, page_starts: Sequence[int]) -> list[Span]:
    return list(pairwise([*page_starts, len(text)]))


def sheets(text: str, page_starts: Sequence[int]) -> list[Span]:
    """The text in parts of at most SHEET characters: whole pages, else whole paragraphs, where there are any."""
    spans: list[Span] = []
    start = 0
    while start < len(text):
        end = _sheet_end(text, page_starts, start)
        spans.append((start, end))
        start = end
    return spans or [(0, 0)]


def sections(page_starts: Sequence[int], span: Span) -> Iterator[tuple[int | None, Span]]:
    """A sheet cut where pages begin, each part with the number of its page."""
    start, end = span
    cuts = [start, *(cut for cut in page_starts if start < cut < end), end]
    for first, last in pairwise(cuts):
        yield page_at(page_starts, first), (first, last)


def _sheet_end(text: str, page_starts: Sequence[int], start: int) -> int:
    limit = start + SHEET
    if limit >= len(text):
        return len(text)
    page = bisect_right(page_starts, limit)
    if page and page_starts[page - 1] > start:
        return page_starts[page - 1]
    gap = text.rfind("\n\n", start + 1, limit)
    return gap if gap != -1 else limit
