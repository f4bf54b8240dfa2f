"""A photographed or scanned page. Its words are there once text recognition has left them beside the file."""

from pathlib import Path

from rag.parsers.lines import Hyphens, paragraphs
from rag.parsers.parsed import Parsed
from rag.parsers.pictures import opened
from rag.parsers.recognised import recognised
from rag.parsers.text import tidied


def read(path: Path) -> Parsed:
    opened(path).close()
    words = recognised(path.parent, 1)
    if words is None:
        return Parsed("", scans=[1])
    words = tidied(words)
    return Parsed(paragraphs(words, Hyphens([words])))
