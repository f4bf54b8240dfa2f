"""Books: chapter by chapter in the order that they are read in."""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from rag.parsers import archives, html
from rag.parsers.composing import paged
from rag.parsers.markup import tree
from rag.parsers.parsed import MAX_PAGES, Parsed, ParsingFailed

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
CHAPTERS = {"application/xhtml+xml", "text/html"}


def read(path: Path) -> Parsed:
    with archives.opened(path, {CONTAINER}) as archive:
        chapters = list(_chapters(archive))
        if len(chapters) > MAX_PAGES:
            raise ParsingFailed("too_many_pages")
        _refuse_encrypted(archive, chapters)
        sections = [html.parsed(html.in_its_encoding(archive.read(chapter))) for chapter in chapters]
    return paged(sections, "section", [_title(section, number) for number, section in enumerate(sections, start=1)])


def _chapters(archive: ZipFile) -> Iterator[str]:
    root = tree(archive, CONTAINER).find(".//{*}rootfile")
    package = root.get("full-path", "") if root is not None else ""
    book = tree(archive, package)
    targets = {item.get("id"): _target(package, item) for item in book.iterfind("{*}manifest/{*}item")}
    members = set(archive.namelist())
    for reference in book.iterfind("{*}spine/{*}itemref"):
        if targets.get(reference.get("idref")) in members:
            yield targets[reference.get("idref")]


def _target(package: str, item: Any) -> str:
    if item.get("media-type") not in CHAPTERS:
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(item.get("href", ""))))


def _refuse_encrypted(archive: ZipFile, chapters: list[str]) -> None:
    """Fonts may be encrypted, which is no matter to us."""
    if ENCRYPTION in archive.namelist():
        locked = {unquote(each.get("URI", "")) for each in tree(archive, ENCRYPTION).iter("{*}CipherReference")}
        if locked & set(chapters):
            raise ParsingFailed("encrypted")


def _title(section: Parsed, number: int) -> str:
    return section.headings[0].title if section.headings else str(number)
