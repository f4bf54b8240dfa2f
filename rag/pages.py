"""Pages of a text, and the sheets in which a browser can show it with one passage marked. Pure."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.sentences import Span, paragraphs

SHEET = 40_000  # characters that are shown at once


@dataclass(frozen=True)
class Piece:
    text: str
    is_marked: bool


@dataclass(frozen=True)
class Paragraph:
    pieces: list[Piece]
    page: int | None  # set where a page begins
    begins_passage: bool


def page_at(page_starts: Sequence[int], position: int) -> int | None:
    """The number of the page, counted from 1; None where pages mean nothing."""
    return max(1, bisect_right(page_starts, position)) if page_starts else None


def sheets(text: str, page_starts: Sequence[int]) -> list[Span]:
    """The text in parts of at most SHEET characters: whole pages, else whole paragraphs, where there are any."""
    spans: list[Span] = []
    start = 0
    while start < len(text):
        end = _sheet_end(text, page_starts, start)
        spans.append((start, end))
        start = end
    return spans or [(0, 0)]


def shown(text: str, page_starts: Sequence[int], sheet: Span, mark: Span) -> Iterator[Paragraph]:
    """The paragraphs of a sheet, each in pieces inside and outside of the mark."""
    page: int | None = None
    is_found = False
    for start, end in paragraphs(text, *sheet):
        pieces = [piece for piece in _pieces(text, (start, end), mark) if piece.text]
        begins = not is_found and any(piece.is_marked for piece in pieces)
        is_found = is_found or begins
        number = page_at(page_starts, start)
        yield Paragraph(pieces, number if number != page else None, begins)
        page = number


def _sheet_end(text: str, page_starts: Sequence[int], start: int) -> int:
    limit = start + SHEET
    if limit >= len(text):
        return len(text)
    page = bisect_right(page_starts, limit)
    if page and page_starts[page - 1] > start:
        return page_starts[page - 1]
    gap = text.rfind("\n\n", start + 1, limit)
    return gap if gap != -1 else limit


def _pieces(text: str, span: Span, mark: Span) -> Iterator[Piece]:
    start, end = span
    first, last = min(max(mark[0], start), end), max(min(mark[1], end), start)
    if first >= last:
        yield Piece(text[start:end], False)
        return
    yield Piece(text[start:first], False)
    yield Piece(text[first:last], True)
    yield Piece(text[last:end], False)
