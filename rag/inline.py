"""A stretch of text in pieces: what is marked, and in Markdown what is bold, slanted or code. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.sentences import Span

INLINE = re.compile(
    r"(?P<strong>\*\*(?=\S)[^*\n]+\*\*|__(?=\S)[^_\n]+__)|(?P<code>`[^`\n]+`)"
    r"|(?P<em>(?<![\w*_])([*_])(?=\S)[^*_\n]+\4(?![\w*_]))"
    r"|!?\[(?P<link>[^\]\n]*)\]\([^)\s]*\)|\\(?P<escape>[!-/:-@\[-`{-~])"
)
MARKUP = {"strong": 2, "code": 1, "em": 1, "link": 0, "escape": 0}  # characters on each side


@dataclass(frozen=True)
class Piece:
    start: int
    text: str
    is_marked: bool = False
    style: str = ""  # strong, code, em


def pieces(text: str, span: Span, mark: Span, *, is_markdown: bool = False) -> Iterator[Piece]:
    styled = _styled(text, span) if is_markdown else [(*span, "")]
    for start, end, style in styled:
        first, last = min(max(mark[0], start), end), max(min(mark[1], end), start)
        parts = [(start, first, False), (first, last, True), (last, end, False)]
        for begin, stop, is_marked in parts if first < last else [(start, end, False)]:
            if begin < stop:
                yield Piece(begin, text[begin:stop], is_marked, style)


def _styled(text: str, span: Span) -> Iterator[tuple[int, int, str]]:
    position = span[0]
    for found in INLINE.finditer(text, *span):
        name = found.lastgroup or ""
        start, end = found.span(name)
        yield position, found.start(), ""
        yield start + MARKUP[name], end - MARKUP[name], name if name in ("strong", "code", "em") else ""
        position = found.end()
    yield position, span[1], ""
