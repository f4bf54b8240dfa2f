"""Cut a text by its structure: parents of about 1,000 characters to hand over, children of about 250 to embed. Pure.

A parent never crosses a heading, ends where a page does and prefers to end where a paragraph does; both are made of
whole sentences. What runs over the end of a page belongs to the page where it begins, what only announces something
to the paragraph below. A child below its heading never exceeds what a small model reads (256 tokens).
Measured on whole German articles: the answer stands in the first parent for 0.896 of the questions, in the first three
for 0.965 (parents of 800: 0.871 and 0.961; of 1,200: 0.910 and 0.970, but less within a thousand tokens).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.headings import below_headings, is_heading
from rag.pages import page_at
from rag.parsers.parsed import Heading
from rag.sentences import END, LONGEST, Span, paragraphs, rows, sentences
from rag.tokens import fitting

PARENT = 1_000  # characters
CHILD = 100  # tokens: 250 characters of a European language
LONGEST_HEADING = 80  # tokens
HEADINGS = 2  # lines that a paragraph takes along from above; more of them are a list


@dataclass(frozen=True)
class Parent:
    start: int
    end: int
    page: int | None
    heading: str
    children: tuple[Span, ...]


@dataclass(frozen=True)
class Block:
    """A paragraph as its sentences, with the headings above in the first."""

    page: int | None
    spans: list[Span]

    @property
    def length(self) -> int:
        return self.spans[-1][1] - self.spans[0][0]


def chunk(
    text: str, headings: Sequence[Heading] = (), page_starts: Sequence[int] = (), tables: Sequence[Span] = ()
) -> list[Parent]:
    """Together the children cover all of the text but white space, in order and without overlap.

    A row of a table, which is a line within one of the spans of `tables`, is not cut unless it is longer than a parent.
    """
    return [
        Parent(spans[0][0], spans[-1][1], page, title, tuple(_packed(text, spans)))
        for start, end, title in _sections(text, headings)
        for page, spans in _parents(_headed(text, _blocks(text, (start, end), page_starts, tables)))
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
        yield begin, following.start, _cut(" › ".join(filter(None, titles)))
        begin, titles = following.start, []


def _cut(title: str) -> str:
    return title[: fitting(title, 0, len(title), LONGEST_HEADING)]


def _blocks(text: str, section: Span, page_starts: Sequence[int], tables: Sequence[Span]) -> list[Block]:
    start, end = section
    borders = page_starts[bisect_right(page_starts, start) :]
    cuts = [start, *(border for border in borders if border < end), end]
    blocks: list[Block] = []
    for part in pairwise(cuts):
        for span in paragraphs(text, *part):
            spans = rows(text, span, PARENT) if _is_table(tables, span) else sentences(text, *span)
            block = Block(page_at(page_starts, span[0]), list(spans))
            if blocks and blocks[-1].page != block.page and _goes_on(text, blocks[-1], block):
                blocks[-1].spans[-1] = (blocks[-1].spans[-1][0], block.spans.pop(0)[1])
            if block.spans:
                blocks.append(block)
    return blocks


def _is_table(tables: Sequence[Span], span: Span) -> bool:
    index = bisect_right(tables, span[0], key=lambda table: table[0]) - 1
    return index >= 0 and span[1] <= tables[index][1]


def _goes_on(text: str, block: Block, following: Block) -> bool:
    """Whether a sentence runs over the end of the page."""
    (start, end), (first, last) = block.spans[-1], following.spans[0]
    is_open = not any(mark.end() == end for mark in END.finditer(text, start, end))
    return is_open and text[first].islower() and fitting(text, start, last, LONGEST) == last


def _headed(text: str, blocks: list[Block]) -> Iterator[Block]:
    """Lines that announce something become one with the first sentence of what they announce."""
    waiting: list[Block] = []
    for block in blocks:
        if is_heading(text, (block.spans[0][0], block.spans[-1][1])):
            waiting.append(block)
            continue
        first, *others = block.spans
        above = [] if text[first[0]].islower() else waiting[-HEADINGS:]
        yield from waiting[: len(waiting) - len(above)]
        yield Block(block.page, [(above[0].spans[0][0] if above else first[0], first[1]), *others])
        waiting = []
    yield from waiting


def _parents(blocks: Iterator[Block]) -> Iterator[tuple[int | None, list[Span]]]:
    """Whole paragraphs of a page together as long as they fit; one that does not fit alone is cut into even parts."""
    group: list[Span] = []
    page: int | None = None
    for block in blocks:
        if group and (block.page != page or block.spans[-1][1] - group[0][0] > PARENT):
            yield page, group
            group = []
        page = block.page
        if block.length > PARENT:
            yield from ((page, part) for part in _even_parts(block))
        else:
            group = group + block.spans
    if group:
        yield page, group


def _even_parts(block: Block) -> Iterator[list[Span]]:
    parts = -(-block.length // PARENT)
    target = block.length / parts
    group: list[Span] = []
    for span in block.spans:
        if group and (group[-1][1] + span[1]) / 2 - group[0][0] >= target:
            yield group
            group = []
        group.append(span)
    yield group


def _packed(text: str, spans: list[Span]) -> Iterator[Span]:
    start, end = spans[0]
    for span in spans[1:]:
        if fitting(text, start, span[1], CHILD) < span[1] or below_headings(text, span) != span:
            yield start, end
            start = span[0]
        end = span[1]
    yield start, end
