"""The structure a text shows by its lines: headings, lists, tables, quotations, code. Pure.

Every piece is a stretch of the text itself, so that a passage can be marked to the letter; what is only markup
(`**`, `#`, `|`) is left out. Nothing in the text is ever taken for HTML.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from rag.headings import is_heading
from rag.inline import Piece, pieces
from rag.sentences import Span

LINE = re.compile(r"[^\n]+")
ITEM = re.compile(r"[ \t]*(?:[•▪◦‣·*+–-][ \t]+(?=\S)|(?=\d{1,3}[.)][ \t]+\S))")
ROW = re.compile(r"[ \t]*\|.*\||.* \| ")
RULE = re.compile(r"[ \t]*(?:\|[ \t]*)?:?-{2,}[-:| \t]*$")
FENCE = re.compile(r"[ \t]{0,3}(?:```|~~~)")
ATX = re.compile(r"[ \t]{0,3}(#{1,6})[ \t]+(?=\S)")
UNDERLINE = re.compile(r"[ \t]{0,3}(=+|-+)[ \t]*$")
QUOTE = re.compile(r"[ \t]{0,3}>[ \t]?")
BAR = re.compile(r"(?<!\\)\|")
DEEPEST = 4  # of nested lists


@dataclass
class Line:
    """`spans` has one part, but for a row's cells. `run` counts the empty lines before it."""

    kind: str  # heading, item, row, paragraph, quote, code
    spans: list[Span]
    run: int
    level: int = 0  # of a heading, of an item
    is_header: bool = False  # of a table


@dataclass(frozen=True)
class Shown:
    """A line as it is shown: the pieces of each of its parts."""

    parts: list[list[Piece]]
    level: int
    is_header: bool
    is_numbered: bool


@dataclass(frozen=True)
class Block:
    """Lines of a kind that belong together: a list, a table, a paragraph."""

    kind: str
    lines: list[Shown]


def blocks(text: str, span: Span, mark: Span, *, is_markdown: bool = False) -> list[Block]:
    read = _markdown_lines(text, span) if is_markdown else _plain_lines(text, span)
    grouped = groupby(enumerate(read), key=lambda numbered: _togetherness(*numbered))
    return [
        Block(group[0], [_shown(text, line, mark, is_markdown=is_markdown) for _, line in lines])
        for group, lines in grouped
    ]


def _togetherness(number: int, line: Line) -> tuple[str, int]:
    """Lines with the same one stand in one block; a list goes on over empty lines."""
    if line.kind == "item":
        return line.kind, 0
    return line.kind, line.run if line.kind in ("row", "quote", "code") else -number - 1


def _shown(text: str, line: Line, mark: Span, *, is_markdown: bool) -> Shown:
    styled = is_markdown and line.kind != "code"
    parts = [list(pieces(text, span, mark, is_markdown=styled)) for span in line.spans]
    is_numbered = line.kind == "item" and text[line.spans[0][0]].isdigit()
    return Shown(parts, line.level, line.is_header, is_numbered)


def _plain_lines(text: str, span: Span) -> list[Line]:
    lines = _collected(text, span)
    alone = Counter(line.run for line in lines)
    for line in lines:
        is_candidate = line.kind == "paragraph" or (line.kind == "item" and alone[line.run] == 1)
        if is_candidate and not _is_bullet(text, line) and is_heading(text, line.spans[0]):
            line.kind, line.level = "heading", 2
    return lines


def _is_bullet(text: str, line: Line) -> bool:
    return line.kind == "item" and not text[line.spans[0][0]].isdigit()


def _collected(text: str, span: Span) -> list[Line]:
    lines: list[Line] = []
    for run, start, end in _written(text, span):
        last = lines[-1] if lines and lines[-1].run == run else None
        _add(text, lines, last, Line("paragraph", [(start, end)], run))
    return lines


def _add(text: str, lines: list[Line], last: Line | None, line: Line) -> None:
    """A row, an item, or plain words that go on with what stands before them."""
    [(start, end)] = line.spans
    item = ITEM.match(text, start, end)
    if ROW.match(text, start, end):
        line.kind, line.spans = "row", list(_cells(text, start, end))
    elif item:
        line.kind, line.spans = "item", [(item.end(), end)]
        line.level = min((len(item[0]) - len(item[0].lstrip())) // 2, DEEPEST)
    elif last and last.kind in ("paragraph", "item"):
        last.spans[-1] = (last.spans[-1][0], end)
        return
    lines.append(line)


def _markdown_lines(text: str, span: Span) -> list[Line]:
    lines: list[Line] = []
    in_code = False
    for run, start, end in _written(text, span):
        last = lines[-1] if lines and lines[-1].run == run else None
        quote, heading = QUOTE.match(text, start, end), ATX.match(text, start, end)
        if FENCE.match(text, start, end):
            in_code = not in_code
        elif in_code:
            lines.append(Line("code", [(start, end)], lines[-1].run if _is_code(lines) else run))
        elif heading:
            lines.append(Line("heading", [(heading.end(), _without_hashes(text, heading.end(), end))], run))
            lines[-1].level = len(heading[1])
        elif last and last.kind == "paragraph" and UNDERLINE.match(text, start, end):
            last.kind, last.level = "heading", 1 if text[start:end].strip()[0] == "=" else 2
        elif RULE.match(text, start, end):
            if last and last.kind == "row":
                last.is_header = True
        elif quote:
            lines.append(Line("quote", [(quote.end(), end)], run))
        else:
            _add(text, lines, last, Line("paragraph", [(start, end)], run))
    return lines


def _is_code(lines: list[Line]) -> bool:
    return bool(lines) and lines[-1].kind == "code"


def _without_hashes(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip().rstrip("#").rstrip())


def _written(text: str, span: Span) -> Iterator[tuple[int, int, int]]:
    """(empty lines before it, start, end) of each line that is not empty."""
    run, previous = 0, span[0]
    for line in LINE.finditer(text, *span):
        if not line[0].strip():
            continue
        run += text.count("\n", previous, line.start()) > 1
        yield run, line.start(), line.end()
        previous = line.end()


def _cells(text: str, start: int, end: int) -> Iterator[Span]:
    bars = [start - 1, *(bar.start() for bar in BAR.finditer(text, start, end)), end]
    bounds = [(left + 1, right) for left, right in pairwise(bars)]
    if len(bounds) > 1 and not text[slice(*bounds[0])].strip():
        del bounds[0]
    if len(bounds) > 1 and not text[slice(*bounds[-1])].strip():
        del bounds[-1]
    for left, right in bounds:
        content = text[left:right]
        begin = left + len(content) - len(content.lstrip())
        yield begin, max(begin, left + len(content.rstrip()))
