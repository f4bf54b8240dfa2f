"""Spreadsheets of LibreOffice and others, a page for each sheet, read row by row. Hidden sheets are not read."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from lxml import etree

from rag.parsers.composing import paged
from rag.parsers.markup import let_go
from rag.parsers.opendocument import NAMESPACES, REPEATED, name, opened, text_of
from rag.parsers.parsed import Parsed
from rag.parsers.sheets import sheet

MAX_COLUMNS = 1_000
TABLE, ROW, STYLE = name("table:table"), name("table:table-row"), name("style:style")
CELLS = {name("table:table-cell"), name("table:covered-table-cell")}
STYLE_NAME, TABLE_STYLE = name("style:name"), name("table:style-name")
HIDDEN_TABLE = "style:table-properties[@table:display='false']"


def read(path: Path) -> Parsed:
    with opened(path, as_trees=False) as archive, archive.open("content.xml") as content:
        labels: list[str] = []
        return paged(_sheets(content, labels), "sheet", labels)


def cells(row: Any) -> list[str]:
    """A cell that stands for many is written once for each, but for the empty ones that fill a row up."""
    found: list[str] = []
    for cell in row:
        if cell.tag not in CELLS:
            continue
        repeated = cell.get(REPEATED, "1")
        count = int(repeated) if repeated.isdecimal() else 1
        found += [text_of(cell)] * min(count, MAX_COLUMNS - len(found))
    while found and not found[-1].strip():
        found.pop()
    return found


def _sheets(content: IO[bytes], labels: list[str]) -> Iterator[Parsed]:
    """A label is added with each, before its page is handed out."""
    events = etree.iterparse(content, ("start", "end"), tag=(TABLE, ROW, STYLE), resolve_entities=False, load_dtd=False)
    hidden: set[str] = set()
    for event, element in events:
        if event == "end" and element.tag == STYLE and element.find(HIDDEN_TABLE, NAMESPACES) is not None:
            hidden.add(element.get(STYLE_NAME, ""))
        elif event == "start" and element.tag == TABLE:
            title, is_hidden = element.get(name("table:name"), ""), element.get(TABLE_STYLE) in hidden
            found = sheet(title, _rows(events))
            if not is_hidden:
                labels.append(title)
                yield found


def _rows(events: Iterator[tuple[str, Any]]) -> Iterator[list[str]]:
    """Up to the end of the sheet; what was read is let go."""
    for event, element in events:
        if event == "end" and element.tag == TABLE:
            element.clear()
            return
        if event == "end" and element.tag == ROW:
            yield cells(element)
            let_go(element)
