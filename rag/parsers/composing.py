"""Paragraphs, headings and tables into one text, and such texts into pages of one document."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from rag.parsers.parsed import MAX_CHARACTERS, Heading, PageKind, Parsed, ParsingFailed, joined
from rag.parsers.text import tidied


@dataclass(frozen=True)
class Block:
    text: str
    kind: Literal["text", "heading", "table"] = "text"


def composed(blocks: Iterable[Block]) -> Parsed:
    """A heading is one line; a table has a row on each."""
    cleaned = (replace(block, text=tidied(block.text).strip()) for block in blocks)
    kept = _bounded(block for block in cleaned if block.text)
    text, starts = joined(block.text for block in kept)
    placed = list(zip(starts, kept, strict=True))
    headings = [Heading(start, block.text) for start, block in placed if block.kind == "heading"]
    tables = [(start, start + len(block.text)) for start, block in placed if block.kind == "table"]
    return Parsed(text, headings=headings, tables=tables)


def paged(pages: Iterable[Parsed], kind: PageKind, labels: list[str] | None = None) -> Parsed:
    """Each of them a page; an empty one counts, so that numbers stay right. What were pages within is none any more."""
    whole = Parsed("", page_kind=kind, page_labels=[] if labels is None else labels)
    parts: list[str] = []
    position = 0
    for page in pages:
        whole.page_starts.append(position)
        whole.headings += [replace(heading, start=heading.start + position) for heading in page.headings]
        whole.tables += [(start + position, end + position) for start, end in page.tables]
        if page.text:
            parts.append(page.text)
            position += len(page.text) + 2
        if position > MAX_CHARACTERS:
            raise ParsingFailed("too_much_text")
    whole.text = "\n\n".join(parts)
    whole.page_starts = [min(start, len(whole.text)) for start in whole.page_starts]
    return whole


def _bounded(blocks: Iterable[Block]) -> list[Block]:
    kept, characters = [], 0
    for block in blocks:
        kept.append(block)
        characters += len(block.text)
        if characters > MAX_CHARACTERS:
            raise ParsingFailed("too_much_text")
    return kept
