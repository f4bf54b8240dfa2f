"""What OpenDocument files have in common.

Read with lxml: odfpy builds a Python object for each element and unpacks all pictures, which a large sheet makes
gigabytes of.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rag.parsers import archives
from rag.parsers.parsed import ParsingFailed

NAMESPACES = {
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
}
ENCRYPTED = b"encryption-data"


def name(short: str) -> str:
    """`text:p` as lxml writes it."""
    prefix, _, tag = short.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{tag}"


PARAGRAPH, HEADING, SPACE, TAB, BREAK = (name(f"text:{tag}") for tag in ("p", "h", "s", "tab", "line-break"))
REPEATED = name("table:number-columns-repeated")
UNSEEN = {name("office:annotation"), name("text:tracked-changes"), name("text:hidden-text"), name("text:note-citation")}
MOST_SPACES = 100


@contextmanager
def opened(path: Path, *, as_trees: bool = True) -> Iterator[ZipFile]:
    with archives.opened(path, {"mimetype", "content.xml"}, as_trees=as_trees) as archive:
        if "META-INF/manifest.xml" in archive.namelist() and ENCRYPTED in archive.read("META-INF/manifest.xml"):
            raise ParsingFailed("encrypted")
        yield archive


def text_of(element: Any) -> str:
    """Of a paragraph, or of a cell with its paragraphs."""
    if element.tag in UNSEEN or not isinstance(element.tag, str):
        return ""
    if element.tag == SPACE:
        count = element.get(name("text:c"), "1")
        return " " * (min(int(count), MOST_SPACES) if count.isdecimal() else 1)
    if element.tag in (TAB, BREAK):
        return "\t" if element.tag == TAB else "\n"
    parts = [element.text or ""]
    for child in element:
        parts += ["\n"] if child.tag in (PARAGRAPH, HEADING) else []
        parts += [text_of(child), child.tail or ""]
    return "".join(parts)
