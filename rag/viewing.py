"""What the viewer shows of a document: one leaf of its text, with a passage marked, and its picture where it has one.

A leaf is a page of a PDF; of any other document it is a part of readable length.
"""

from dataclasses import dataclass, field
from functools import cached_property

from rag import page_pictures
from rag.blocks import Block, blocks
from rag.editions import Edition
from rag.exceptions import PageNotDrawn
from rag.formats import MARKDOWN, PDF
from rag.marking import Box, boxes_of
from rag.pages import sections, sheets, single_pages
from rag.sentences import Span
from rag.texts import Content


@dataclass
class Leaf:
    edition: Edition
    mark: Span  # (0, 0) marks nothing
    wanted: int | None = None  # instead of where the mark stands
    height: int = 0  # of the picture, in ten-thousandths of its width
    boxes: list[Box] = field(default_factory=list)
    trouble: str = ""

    @property
    def content(self) -> Content:
        assert self.edition.content is not None  # noqa: S101  (else there is no leaf)
        return self.edition.content

    @property
    def is_page(self) -> bool:
        return self.edition.media_type == PDF and bool(self.content.page_starts)

    @cached_property
    def spans(self) -> list[Span]:
        text, starts = self.content.text, self.content.page_starts
        return single_pages(text, starts) if self.is_page else sheets(text, starts)

    @property
    def count(self) -> int:
        return len(self.spans)

    @cached_property
    def number(self) -> int:
        if self.wanted is not None:
            return min(max(self.wanted, 1), self.count)
        return next((number for number, (_, end) in enumerate(self.spans, 1) if self.mark[0] < end), self.count)

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.count else None

    @property
    def span(self) -> Span:
        return self.spans[self.number - 1]

    @property
    def marked(self) -> Span | None:
        """What is marked on this leaf."""
        start, end = max(self.mark[0], self.span[0]), min(self.mark[1], self.span[1])
        return (start, end) if start < end else None

    @cached_property
    def sections(self) -> list[tuple[str, int | None, list[Block]]]:
        """(what it is called, number of its page, what stands there)"""
        read = self.edition.media_type == MARKDOWN
        parts = [(None, self.span)] if self.is_page else sections(self.content.page_starts, self.span)
        return [
            (self.content.place(page), page, blocks(self.content.text, span, self.mark, is_markdown=read))
            for page, span in parts
        ]

    @property
    def passage(self) -> int | None:
        """Where the first piece begins that is marked."""
        lines = (line for _place, _page, found in self.sections for block in found for line in block.lines)
        pieces = (piece for line in lines for part in line.parts for piece in part)
        return next((piece.start for piece in pieces if piece.is_marked), None)

    async def draw(self) -> None:
        """Find the picture's height and the boxes of the passage, or say why not."""
        if not self.is_page:
            return
        try:
            letters = await page_pictures.page_letters(self.edition, self.number)
        except PageNotDrawn as error:
            self.trouble = str(error)
            return
        self.height = letters.height
        if self.marked:
            (start, end), text = self.span, self.content.text
            span = self.marked[0] - start, self.marked[1] - start
            self.boxes = boxes_of(letters, text[start:end], span)
