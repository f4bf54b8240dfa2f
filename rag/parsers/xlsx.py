"""Spreadsheets, a page for each sheet, read row by row. Hidden sheets are not read.

openpyxl knows the formats of numbers; its own reader makes an object of each cell that only has a colour, and takes
minutes for a sheet whose million empty rows have one.
"""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from openpyxl.styles.numbers import BUILTIN_FORMATS  # type: ignore[import-untyped]

from rag.parsers import archives
from rag.parsers.cells import Cells
from rag.parsers.composing import paged
from rag.parsers.markup import elements, tree
from rag.parsers.parsed import MAX_CHARACTERS, Parsed, ParsingFailed
from rag.parsers.sheets import APART, sheet

WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"


def read(path: Path) -> Parsed:
    with archives.opened(path, {"[Content_Types].xml", WORKBOOK}, as_trees=False) as archive:
        book = tree(archive, WORKBOOK)
        parts = list(tree(archive, RELATIONS))
        visible = [each for each in book.iter("{*}sheet") if each.get("state", "visible") == "visible"]
        named = [(each.get("name", ""), _target(parts, _id(each))) for each in visible]
        sheets = [(name, member) for name, member in named if member]
        cells = Cells(_strings(archive, parts), _formats(archive, parts), _counts_from_1904(book))
        found = (sheet(name, _rows(archive, member, cells)) for name, member in sheets)
        return paged(found, "sheet", [name for name, _ in sheets])


def _id(element: Any) -> str:
    return next((value for name, value in element.attrib.items() if name.endswith("}id")), "")


def _target(parts: list[Any], wanted: str) -> str:
    """The member that a sheet is in; none for what is only a chart."""
    for part in parts:
        if part.get("Id") == wanted and part.get("Type", "").endswith("/worksheet"):
            return _member(part)
    return ""


def _member(part: Any) -> str:
    return posixpath.normpath(posixpath.join("/xl", part.get("Target", ""))).lstrip("/")


def _of_type(archive: ZipFile, parts: list[Any], kind: str) -> str | None:
    members = (_member(part) for part in parts if part.get("Type", "").endswith(f"/{kind}"))
    return next((member for member in members if member in archive.namelist()), None)


def _counts_from_1904(book: Any) -> bool:
    settings = book.find("{*}workbookPr")
    return settings is not None and settings.get("date1904") in ("1", "true")


def _strings(archive: ZipFile, parts: list[Any]) -> list[str]:
    member = _of_type(archive, parts, "sharedStrings")
    strings: list[str] = []
    characters = 0
    for item in elements(archive, member, "{*}si") if member else []:
        strings.append(text_of(item))
        characters += len(strings[-1])
        if characters > MAX_CHARACTERS * 2:
            raise ParsingFailed("too_much_text")
    return strings


def text_of(item: Any) -> str:
    """Without how it is pronounced."""
    return "".join(t.text or "" for t in item.iter("{*}t") if not t.getparent().tag.endswith("}rPh"))


def _formats(archive: ZipFile, parts: list[Any]) -> list[str]:
    """The number format of each style."""
    member = _of_type(archive, parts, "styles")
    if member is None:
        return []
    styles = tree(archive, member)
    own = {each.get("numFmtId"): each.get("formatCode", "") for each in styles.iterfind("{*}numFmts/{*}numFmt")}
    ids = [each.get("numFmtId", "0") for each in styles.iterfind("{*}cellXfs/{*}xf")]
    return [own.get(number) or (BUILTIN_FORMATS.get(int(number), "") if number.isdecimal() else "") for number in ids]


def _rows(archive: ZipFile, member: str, cells: Cells) -> Iterator[list[str]]:
    """Rows that the file leaves out are empty; more than keep two tables apart need not be said."""
    expected = 1
    for row in elements(archive, member, "{*}row"):
        number = int(row.get("r") or expected)
        yield from [[]] * min(max(number - expected, 0), APART)
        yield cells.written(row)
        expected = number + 1
