"""The passages in a prompt: `<source id="1" title="…" page="3">text</source>`, attributes and text HTML-escaped."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

OPENING, CLOSING = "<source ", "</source>"
PLACES = ("page", "slide", "sheet", "section")  # one of them says where in the document
ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Source:
    id: str
    title: str
    kind: str  # of the place, one of PLACES
    place: str
    text: str


def parse(texts: Iterable[str]) -> list[Source]:
    return [source for text in texts for source in _in_one(text)]


def _in_one(text: str) -> Iterator[Source]:
    # by `find`, not by one expression: a prompt of unclosed elements must not cost quadratic time
    position = 0
    while (start := text.find(OPENING, position)) >= 0:
        end_of_tag = text.find(">", start)
        end = text.find(CLOSING, end_of_tag)
        if end_of_tag < 0 or end < 0:
            return
        attributes = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(text[start:end_of_tag])}
        if attributes.get("id", "").isdecimal():
            content = html.unescape(text[end_of_tag + 1 : end])
            kind = next((name for name in PLACES if name in attributes), "page")
            yield Source(attributes["id"], attributes.get("title", ""), kind, attributes.get(kind, ""), content)
        position = end + len(CLOSING)
