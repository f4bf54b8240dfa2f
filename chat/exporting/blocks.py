"""Markdown as the blocks and runs that a text document is made of: for DOCX, ODT and PDF.

The parser is the one of the page, so that what is a table or a link there is one here, and nothing else is: no raw
HTML, no images, links to http, https and mailto alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from markdown_it.token import Token

from chat.rendering import parse

SCHEMES = {"http", "https", "mailto"}


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    link: str = ""


@dataclass(frozen=True)
class Paragraph:
    runs: list[Run]
    indent: int = 0
    marker: str = ""  # of a list's item: "•" or "1."
    quoted: bool = False


@dataclass(frozen=True)
class Heading:
    runs: list[Run]
    level: int


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Rule:
    pass


@dataclass(frozen=True)
class Table:
    rows: list[list[list[Run]]] = field(default_factory=list)  # the first is the head


Block = Paragraph | Heading | Code | Rule | Table


def blocks_of(markdown: str) -> list[Block]:
    return list(_Walk(parse(markdown)).blocks())


def plain(text: str) -> list[Block]:
    """A question, as it was typed."""
    return [Paragraph([Run(part)]) for part in re.split(r"\n\s*\n", text.strip())]


class _Walk:
    """Goes once through the parser's flat tokens and keeps where it stands in lists and quotations."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.lists: list[int] = []  # the next number of each open list; 0 for one with bullets
        self.marker = ""
        self.quotes = 0
        self.table: Table | None = None

    def blocks(self) -> Iterator[Block]:
        for position, token in enumerate(self.tokens):
            match token.type:
                case "inline":
                    yield from self._inline(token, self.tokens[position - 1])
                case "fence" | "code_block" | "formula":
                    yield Code(token.content.rstrip("\n"))
                case "hr":
                    yield Rule()
                case "table_close" if self.table:
                    yield self.table
                    self.table = None
                case _:
                    self._enter_or_leave(token)

    def _enter_or_leave(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self.lists.append(0)
            case "ordered_list_open":
                self.lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open":
                self.marker = f"{self.lists[-1]}." if self.lists[-1] else "•"
                self.lists[-1] += 1 if self.lists[-1] else 0
            case "footnote_reference_open":
                self.marker = f"[{token.meta['label']}]"
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case "table_open":
                self.table = Table()
            case "tr_open" if self.table:
                self.table.rows.append([])

    def _inline(self, token: Token, opened: Token) -> Iterator[Block]:
        runs = runs_of(token.children or [])
        if self.table:
            self.table.rows[-1].append(runs)
        elif opened.type == "heading_open":
            yield Heading(runs, int(opened.tag[1]))
        else:
            yield Paragraph(runs, len(self.lists), self.marker, bool(self.quotes))
            self.marker = ""


STYLES = {"strong": "bold", "em": "italic", "s": "struck"}


def runs_of(tokens: list[Token]) -> list[Run]:
    style, runs = Run(""), list[Run]()
    for token in tokens:
        name, _underscore, change = token.type.rpartition("_")
        if name in STYLES:
            style = replace(style, **{STYLES[name]: change == "open"})  # type: ignore[arg-type]
        elif token.type == "link_open":
            style = replace(style, link=_safe(str(token.attrs.get("href", ""))))
        elif token.type == "link_close":
            style = replace(style, link="")
        elif text := _text(token):
            runs.append(replace(style, text=text, code=token.type in ("code_inline", "formula")))
    return runs


def _text(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n" if token.type == "hardbreak" else " "
    if token.type == "task":
        return "☑ " if token.meta["is_done"] else "☐ "
    if token.type == "footnote_ref":
        return f"[{token.meta['label']}]"
    return token.content  # an image is its description


def _safe(address: str) -> str:
    try:
        return address if urlsplit(address).scheme.lower() in SCHEMES else ""
    except ValueError:
        return ""
