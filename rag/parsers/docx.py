"""Word documents: the body in its own order, tables as lines, with the headings their styles name."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from lxml.etree import XMLSyntaxError

from rag.parsers.parsed import MAX_UNPACKED, Heading, Parsed, ParsingFailed, joined
from rag.parsers.text import tidied

HEADING_STYLE = re.compile(r"(heading|überschrift|titre|título|titolo) ?\d|title|titel", re.IGNORECASE)
BREAKS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
TEXT, PARAGRAPH, TABLE = qn("w:t"), qn("w:p"), qn("w:tbl")
WRAPPERS = {qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:ins"), qn("w:smartTag")}
HIDDEN = {
    qn("w:del"),
    qn("w:moveFrom"),
    qn("w:pPr"),
    qn("w:rPr"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


def read(path: Path) -> Parsed:
    _refuse_foreign_or_bloated(path)
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, KeyError, ValueError):
        raise ParsingFailed("not_docx") from None
    except (zipfile.BadZipFile, XMLSyntaxError, EOFError, OSError):
        raise ParsingFailed("damaged") from None
    names = {style.style_id: style.name or "" for style in document.styles}
    found = ((tidied(text), is_heading) for text, is_heading in _blocks(document.element.body, names))
    blocks = [(text, is_heading) for text, is_heading in found if text.strip()]
    if not blocks:
        raise ParsingFailed("no_text")
    text, starts = joined(text for text, _ in blocks)
    headings = [Heading(start, text) for start, (text, is_heading) in zip(starts, blocks, strict=True) if is_heading]
    return Parsed(text, headings=headings)


def _refuse_foreign_or_bloated(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError):
        raise ParsingFailed("damaged") from None
    if not {"[Content_Types].xml", "word/document.xml"} <= {member.filename for member in members}:
        raise ParsingFailed("not_docx")
    if any(member.flag_bits & 1 for member in members):
        raise ParsingFailed("encrypted")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise ParsingFailed("unpacks_too_large")


def _blocks(parent: Any, names: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """(text, is it a heading) for each paragraph and table; content controls and insertions are looked into."""
    for element in parent:
        if element.tag == PARAGRAPH:
            yield _paragraph(element, names)
        elif element.tag == TABLE:
            yield "\n".join(_rows(element)), False
        elif element.tag in WRAPPERS:
            yield from _blocks(element, names)


def _paragraph(element: Any, names: dict[str, str]) -> tuple[str, bool]:
    text = _text(element).strip()
    style = names.get(element.style or "", "")
    if HEADING_STYLE.fullmatch(style):
        return " ".join(text.split()), bool(text)
    is_listed = "List" in style or element.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None
    return (f"- {text}" if is_listed and text else text), False


def _text(element: Any) -> str:
    if element.tag == TEXT:
        return element.text or ""
    if element.tag in BREAKS:
        return BREAKS[element.tag]
    inner = "".join(_text(child) for child in element if child.tag not in HIDDEN)
    return f"\n{inner}\n" if element.tag == PARAGRAPH else inner


def _rows(table: Any) -> Iterator[str]:
    for row in _inside(table, qn("w:tr")):
        cells = (" ".join(_text(cell).split()) for cell in _inside(row, qn("w:tc")))
        line = " | ".join(cells)
        if line.strip(" |"):
            yield line


def _inside(parent: Any, tag: str) -> Iterator[Any]:
    """Children of that tag, also those that a content control wraps."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag in WRAPPERS:
            yield from _inside(element, tag)
