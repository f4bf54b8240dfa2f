"""The sentences of an answer, and the sources each of them names, read out of its parsed Markdown. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it.token import Token

from rag.sentences import sentences

CHECKED_IN = {"paragraph_open", "td_open", "dt_open", "dd_open"}  # headings announce
# a sentence about the answering, to the reader or to come: nothing that a source could say
NO_STATEMENT = re.compile(
    r"[?:…]\s*$|\b(?:ich|mir|mich|I|I'm|me|let me|hope|Fragen|questions?|bitte|please|Sprachmodell|language model|KI|AI"
    r"|Quellen?|sources?|Dokumente?n?s?|documents?|Textstellen?|passages?|Auszüge?n?|excerpts?)\b",
    re.IGNORECASE,
)


@dataclass
class Claim:
    """A stretch of the words of one `inline` token."""

    inline: int  # index among the tokens
    start: int
    end: int
    text: str
    numbers: list[int] = field(default_factory=list)

    @property
    def is_statement(self) -> bool:
        return not re.search(r"[?:]\s*$", self.text) and (bool(self.numbers) or not NO_STATEMENT.search(self.text))


def claims(tokens: list[Token]) -> list[Claim]:
    return [claim for index in _inlines(tokens) for claim in _in_one(tokens[index], index)]


def words(token: Token) -> str:
    """What a token of a line shows; a marker shows nothing of the answer's own."""
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return token.content if token.type in ("text", "code_inline", "image") else ""


def _inlines(tokens: list[Token]) -> Iterator[int]:
    for index, token in enumerate(tokens):
        if token.type == "inline" and tokens[index - 1].type in CHECKED_IN:
            yield index


def _in_one(inline: Token, index: int) -> list[Claim]:
    plain, markers = "", []
    for child in inline.children or ():
        if child.type == "citation":
            markers.append((len(plain), child.meta["numbers"]))
        plain += words(child)
    found = [Claim(index, start, end, plain[start:end]) for start, end in sentences(plain, 0, len(plain))]
    for position, numbers in markers:
        before = [claim for claim in found if claim.start < position] or found[:1]
        for claim in before[-1:]:
            claim.numbers += numbers
    return found
