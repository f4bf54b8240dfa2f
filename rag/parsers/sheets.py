"""A sheet's rows as one or more tables."""

from collections.abc import Iterable, Iterator

from rag.parsers.composing import Block, composed
from rag.parsers.parsed import Heading, Parsed
from rag.parsers.tables import table

APART = 2  # empty rows between two tables; a single one may be there for the eye


def sheet(name: str, rows: Iterable[list[str]]) -> Parsed:
    parsed = composed(Block(table(each), "table") for each in _tables(rows))
    if parsed.text:
        parsed.headings = [Heading(0, name)]
    return parsed


def _tables(rows: Iterable[list[str]]) -> Iterator[Iterable[list[str]]]:
    rows = iter(rows)
    for row in rows:
        if any(row):
            yield _until_apart(row, rows)


def _until_apart(first: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    yield first
    empty = 0
    for row in rows:
        empty = 0 if any(row) else empty + 1
        if empty == APART:
            return
        yield row
