"""Texts and presentations of LibreOffice and others (ODT, ODP)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.parsers.composing import Block, composed, paged
from rag.parsers.markup import tree
from rag.parsers.ods import cells
from rag.parsers.opendocument import HEADING, NAMESPACES, PARAGRAPH, UNSEEN, name, opened, text_of
from rag.parsers.parsed import MAX_PAGES, Parsed, ParsingFailed
from rag.parsers.tables import table

LIST_ITEM, TABLE, NOTES = name("text:list-item"), name("table:table"), name("presentation:notes")
TITLES = {"title", "subtitle"}
ROLE = name("presentation:class")
HIDDEN_PAGES = "//style:style[style:drawing-page-properties/@presentation:visibility='hidden']/@style:name"


def read_text(path: Path) -> Parsed:
    return composed(_blocks(_body(path, "text")))


def read_slides(path: Path) -> Parsed:
    body = _body(path, "presentation")
    slides = body.findall("draw:page", NAMESPACES)
    if len(slides) > MAX_PAGES:
        raise ParsingFailed("too_many_pages")
    hidden = set(body.getroottree().xpath(HIDDEN_PAGES, namespaces=NAMESPACES))
    seen = (slide if slide.get(name("draw:style-name")) not in hidden else [] for slide in slides)
    return paged((composed(_blocks(slide)) for slide in seen), "slide")


def _body(path: Path, kind: str) -> Any:
    with opened(path) as archive:
        body = tree(archive, "content.xml").find(f"office:body/office:{kind}", NAMESPACES)
    if body is None:
        raise ParsingFailed("other_format")
    return body


def _blocks(parent: Any, mark: str = "", is_title: bool = False) -> Iterator[Block]:
    for element in parent:
        if element.tag in UNSEEN:
            continue
        if element.tag == TABLE:
            yield Block(table(map(cells, element.iter(name("table:table-row")))), "table")
        elif element.tag in (PARAGRAPH, HEADING):
            yield from _paragraph(element, mark, is_title or element.tag == HEADING)
        elif element.tag == LIST_ITEM:
            yield from _blocks(element, f"  {mark}" if mark else "- ")
        else:
            yield from _blocks(element, mark, element.get(ROLE) in TITLES or is_title)


def _paragraph(element: Any, mark: str, is_heading: bool) -> Iterator[Block]:
    text = text_of(element)
    if is_heading:
        yield Block(" ".join(text.split()), "heading")
    else:
        yield Block(f"{mark}{text.strip()}" if text.strip() else "")
