"""Comma-separated values, whatever separates them."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from rag.parsers.composing import Block, composed
from rag.parsers.parsed import MAX_CHARACTERS, Parsed
from rag.parsers.tables import table
from rag.parsers.text import cleaned, decoded

DELIMITERS = ";\t,|"
SAMPLE = 50  # lines


def read(path: Path) -> Parsed:
    lines = cleaned(decoded(path.read_bytes())).split("\n")
    named = lines[0].removeprefix("sep=") if lines[0].startswith("sep=") else ""
    delimiter = named or max(DELIMITERS, key=lambda each: _fit(lines, each))
    csv.field_size_limit(MAX_CHARACTERS)
    return composed([Block(table(_rows(lines[1 if named else 0 :], delimiter)), "table")])


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    return csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How many of the first rows have the same number of cells, above one."""
    widths = [len(row) for row in islice(_rows(lines, delimiter), SAMPLE) if row]
    usual = max(set(widths), key=widths.count, default=1)
    return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual
