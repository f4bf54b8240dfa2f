"""Spreadsheets, a page for each sheet, read row by row. Hidden sheets are not read."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]

from rag.parsers import archives
from rag.parsers.composing import paged
from rag.parsers.parsed import Parsed
from rag.parsers.sheets import sheet

MIDNIGHT = time()
MAX_COLUMNS = 1_000


def read(path: Path) -> Parsed:
    archives.check(path, {"[Content_Types].xml", "xl/workbook.xml"}, as_trees=False)
    with path.open("rb") as file:
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheets = [each for each in workbook.worksheets if each.sheet_state == "visible"]
        return paged((sheet(each.title, _rows(each)) for each in sheets), "sheet", [each.title for each in sheets])


def _rows(each: Any) -> Iterator[list[str]]:
    each.reset_dimensions()  # a file may claim a million rows of sixteen thousand columns, and hold one cell
    for row in each.iter_rows():
        yield _trimmed(_written(cell.value, getattr(cell, "number_format", "")) for cell in islice(row, MAX_COLUMNS))


def _trimmed(cells: Iterable[str]) -> list[str]:
    row = list(cells)
    while row and not row[-1]:
        row.pop()
    return row


def _written(value: object, number_format: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case datetime() if value.time() == MIDNIGHT:
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "minutes")
        case date() | time():
            return value.isoformat()
        case int() | float() if "%" in number_format:
            return f"{value * 100:.10g} %"
        case float():
            return f"{value:.15g}"
    return str(value)
