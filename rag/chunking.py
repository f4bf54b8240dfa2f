"""Cut a text by its structure: parents of about 800 characters to hand over, children of about 250 to embed. Pure.

A parent never crosses a heading and prefers to end where a paragraph does; both are made of whole sentences. Measured
on whole articles: the answer stands in the first three parents for 0.943 of the questions (pieces of 1,000: 0.815).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.parsers.parsed import Heading
from rag.sentences import Span, paragraphs, sentences

PARENT = 800  # characters
CHILD = 250
LONGEST_HEADING = 300


@dataclass(frozen=True)
class Parent:
    start: int
    end: int
    heading: str
    children: tuple[Span, ...]


def chunk(text: str, headings: Sequence[Heading] = ()) -> list[Parent]:
    """Together the children cover all of the text but white space, in order and without overlap."""
    return [
        Parent(group[0][0], group[-1][1], title, tuple(_packed(group, CHILD)))
        for start, end, title in _sections(text, headings)
        for group in _parents([list(sentences(text, *span)) for span in paragraphs(text, start, end)])
    ]


def _sections(text: str, headings: Sequence[Heading]) -> Iterator[tuple[int, int, str]]:
    """From heading to heading; one with nothing below it goes with the next."""
    titles: list[str] = []
    begin = 0
    for this, following in pairwise([Heading(0, ""), *headings, Heading(len(text), "")]):
        titles.append(this.title)
        body = text[this.start : following.start].strip()
        is_only_a_heading = not body or (this.title and "\n" not in body)
        if is_only_a_heading and following.start < len(text):
            continue
        yield begin, following.start, " › ".join(filter(None, titles))[:LONGEST_HEADING]
        begin, titles = following.start, []


def _parents(blocks: list[list[Span]]) -> Iterator[list[Span]]:
    """Whole paragraphs together as long as they fit; one that does not fit alone is cut into even parts."""
    group: list[Span] = []
    for block in blocks:
        if group and block[-1][1] - group[0][0] > PARENT:
            yield group
            group = []
        if _length(block) > PARENT:
            yield from _even_parts(block)
        else:
            group = group + block
    if group:
        yield group


def _even_parts(block: list[Span]) -> Iterator[list[Span]]:
    parts = -(-_length(block) // PARENT)
    target = _length(block) / parts
    group: list[Span] = []
    for span in block:
        if group and (group[-1][1] + span[1]) / 2 - group[0][0] > target:
            yield group
            group = []
        group.append(span)
    yield group


def _packed(spans: list[Span], limit: int) -> Iterator[Span]:
    start, end = spans[0]
    for span in spans[1:]:
        if span[1] - start > limit:
            yield start, end
            start = span[0]
        end = span[1]
    yield start, end


def _length(block: list[Span]) -> int:
    return block[-1][1] - block[0][0]
