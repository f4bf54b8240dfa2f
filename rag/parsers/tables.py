"""Rows of cells as lines of text.

A table that a reader and a passage take in at a glance is written `| cell | cell |`, its header on top. In a longer
one each row names its columns, `Plant: Rose; Price: 3`: wherever it is cut, a row says what its values are.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from rag.parsers.parsed import MAX_CHARACTERS, ParsingFailed

SHORT = 800  # characters, about a passage
LONGEST_TITLE = 80  # characters of a column's title
NUMBER = re.compile(r"[-+(]?[\d.,'\s]*\d[\d.,'\s]*[)%€$£]?")

Row = Sequence[str]


def lines(rows: Iterable[Row]) -> Iterator[str]:
    filled = (row for row in map(_cleaned, rows) if any(row))
    first, length = [], 0
    for row in filled:
        first.append(row)
        length += sum(map(len, row)) + 3 * len(row)
        if length > SHORT:
            yield from _bounded(_long(chain(first, filled)))
            return
    yield from map(_piped, first)


def table(rows: Iterable[Row]) -> str:
    return "\n".join(lines(rows))


def _cleaned(row: Row) -> Row:
    return [" ".join(cell.split()) for cell in row]


def _piped(row: Row) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _long(rows: Iterator[Row]) -> Iterator[str]:
    """What stands alone in a row above the header is the table's title."""
    for row in rows:
        if sum(map(bool, row)) > 1:
            titles = row if _is_header(row) else []
            if not titles:
                yield _piped(row)
            yield from (_named(each, titles) for each in rows)
        else:
            yield next(filter(None, row))


def _is_header(row: Row) -> bool:
    titles = [cell for cell in row if cell]
    is_plain = all(len(title) <= LONGEST_TITLE and not NUMBER.fullmatch(title) for title in titles)
    return is_plain and len(set(titles)) == len(titles) and len(titles) * 2 >= len(row)


def _named(row: Row, titles: Row) -> str:
    if not titles:
        return _piped(row)
    cells = ((titles[index] if index < len(titles) else "", cell) for index, cell in enumerate(row))
    return "; ".join(f"{title}: {cell}" if title else cell for title, cell in cells if cell)


def _bounded(found: Iterable[str]) -> Iterator[str]:
    characters = 0
    for line in found:
        characters += len(line) + 1
        if characters > MAX_CHARACTERS:
            raise ParsingFailed("too_much_text")
        yield line
