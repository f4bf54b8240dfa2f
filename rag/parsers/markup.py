"""XML as a tree, without entities, without the network."""

from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

from lxml import etree

from rag.parsers.parsed import ParsingFailed


def tree(archive: ZipFile, member: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(archive.read(member), parser)
    except KeyError:
        raise ParsingFailed("damaged") from None


def elements(archive: ZipFile, member: str, tag: str) -> Iterator[Any]:
    """One after the other, each let go when the next is asked for."""
    with archive.open(member) as content:
        for _, element in etree.iterparse(content, tag=tag, resolve_entities=False, load_dtd=False):
            yield element
            let_go(element)


def let_go(element: Any) -> None:
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
