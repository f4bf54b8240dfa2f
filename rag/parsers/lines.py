"""Printed lines back into paragraphs: words that a line end divided become whole again."""

import re
from collections.abc import Iterable

ITEM = re.compile(r"(?:[•▪◦‣·*–—-]|\(?(?:\d{1,3}|[a-zA-Z])[.)])\s+\S")
DATE = re.compile(r"\d{1,2}\.\s")
LEADS_TO_A_DATE = re.compile(r"(?<!\w)[a-zäöü]{2,5}$")  # `am`, `vom`, `until`
SENTENCE_END = re.compile(r"[.!?:;…][\"'»«“”)\]]*$")
DIVIDED = re.compile(r"(\w+)-$")
SUSPENDED = frozenset(
    {"und", "oder", "bzw", "beziehungsweise", "sowie", "als", "bis", "wie", "noch", "and", "or", "to"}
)
FULL = 0.75  # of a page's usual line; a shorter one may end a paragraph
SHORT = 0.5  # a line this short stands for itself: a heading, an address, a table's row


class Hyphens:
    """Decides by the document's own words: who writes `well-known` elsewhere means the hyphen."""

    def __init__(self, pages: Iterable[str]) -> None:
        self.words: set[str] = set()
        for page in pages:
            self.words.update(word.lower() for word in re.findall(r"\w+(?:-\w+)*", page))

    def join(self, head: str, tail: str) -> str:
        """`head` ends with a hyphen at a line's end; `tail` is the next line."""
        divided = DIVIDED.search(head)
        following = re.match(r"\w+", tail)
        if divided is None or following is None:
            return f"{head} {tail}"
        first, second = divided[1], following[0]
        if second.lower() in SUSPENDED:
            return f"{head} {tail}"
        whole, hyphenated = (first + second).lower(), f"{first}-{second}".lower()
        is_known = whole in self.words
        if not second[0].islower() or first[-1].isdigit() or (hyphenated in self.words and not is_known):
            return head + tail
        return head[:-1] + tail


def paragraphs(page: str, hyphens: Hyphens) -> str:
    """A page's lines with those of one paragraph joined by spaces, paragraphs parted by an empty line."""
    lines = [" ".join(line.split()) for line in page.split("\n")]
    usual = _usual_length(lines)
    blocks: list[str] = []
    previous = ""
    for line in lines:
        if line and previous and not _begins_anew(previous, line, usual):
            blocks[-1] = hyphens.join(blocks[-1], line) if previous.endswith("-") else f"{blocks[-1]} {line}"
        elif line:
            blocks.append(line)
        previous = line
    return "\n\n".join(blocks)


def _usual_length(lines: list[str]) -> int:
    lengths = sorted(len(line) for line in lines if line)
    return lengths[int(len(lengths) * 0.8)] if lengths else 0


def _begins_anew(previous: str, line: str, usual: int) -> bool:
    if previous.endswith("-") and line[0].islower():
        return False
    if ITEM.match(line):
        return not (DATE.match(line) and LEADS_TO_A_DATE.search(previous))
    if len(previous) < usual * FULL and SENTENCE_END.search(previous):
        return True
    return len(previous) < usual * SHORT and not line[0].islower()
