"""XML as a tree, without entities, without the network."""

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
