"""Word documents: the body in its own order, with the headings their styles name. Hidden text is not read."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn

from rag.parsers import archives
from rag.parsers.composing import Block, composed
from rag.parsers.parsed import Parsed
from rag.parsers.tables import table

HEADING_STYLE = re.compile(r"(heading|überschrift|titre|título|titolo) ?\d|title|titel", re.IGNORECASE)
BREAKS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
TEXT, PARAGRAPH, TABLE, RUN = qn("w:t"), qn("w:p"), qn("w:tbl"), qn("w:r")
WRAPPERS = {qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:ins"), qn("w:smartTag")}
UNSEEN = {
    qn("w:del"),
    qn("w:moveFrom"),
    qn("w:pPr"),
    qn("w:rPr"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
VANISH = f"{qn('w:rPr')}/{qn('w:vanish')}"
OFF = {"0", "false", "off"}


def read(path: Path) -> Parsed:
    archives.check(path, {"[Content_Types].xml", "word/document.xml"})
    document = docx.Document(str(path))
    names = {style.style_id: style.name or "" for style in document.styles}
    return composed(_blocks(document.element.body, names))


def _blocks(parent: Any, names: dict[str, str]) -> Iterator[Block]:
    """Content controls and insertions are looked into."""
    for element in parent:
        if element.tag == PARAGRAPH:
            yield _paragraph(element, names)
        elif element.tag == TABLE:
            yield Block(table(_rows(element)), "table")
        elif element.tag in WRAPPERS:
            yield from _blocks(element, names)


def _paragraph(element: Any, names: dict[str, str]) -> Block:
    text = _text(element).strip()
    style = names.get(element.style or "", "")
    if HEADING_STYLE.fullmatch(style):
        return Block(" ".join(text.split()), "heading")
    is_listed = "List" in style or element.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None
    return Block(f"- {text}" if is_listed and text else text)


def _text(element: Any) -> str:
    if element.tag == TEXT:
        return element.text or ""
    if element.tag in BREAKS:
        return BREAKS[element.tag]
    if element.tag == RUN and _is_hidden(element):
        return ""
    inner = "".join(_text(child) for child in element if child.tag not in UNSEEN)
    return f"\n{inner}\n" if element.tag == PARAGRAPH else inner


def _is_hidden(run: Any) -> bool:
    mark = run.find(VANISH)
    return mark is not None and mark.get(qn("w:val"), "1") not in OFF


def _rows(table: Any) -> Iterator[list[str]]:
    for row in _inside(table, qn("w:tr")):
        yield [_text(cell) for cell in _inside(row, qn("w:tc"))]


def _inside(parent: Any, tag: str) -> Iterator[Any]:
    """Children of that tag, also those that a content control wraps."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in WRAPPERS:
            yield from _inside(element, tag)
