"""Lines that announce what follows, known by their look alone. Pure."""

import re

from rag.sentences import Span, paragraphs

LONGEST = 90  # characters
BULLET = re.compile(r"[•▪◦‣·*–—|>-]\s")
SENTENCE_END = re.compile(r"[.!;,…][\"'»«“”‘’)\]]*$")
BEGINNING = re.compile(r"[§#(\"„“«»\s]*\w")


def is_heading(text: str, span: Span) -> bool:
    """One short line that ends no sentence, like `4. Travel`, `## Travel` or `Travel`; also `You will need:`."""
    line = text[slice(*span)]
    if len(line) > LONGEST or "\n" in line or " | " in line or BULLET.match(line) or SENTENCE_END.search(line):
        return False
    return bool(BEGINNING.match(line)) and any(map(str.isalpha, line)) and not line[0].islower()


def below_headings(text: str, span: Span) -> Span:
    """The same stretch without the headings it begins with, unless there is nothing else."""
    start, end = span
    found = list(paragraphs(text, start, end))
    while len(found) > 1 and is_heading(text, found[0]) and not text[found[1][0]].islower():
        del found[0]
    return (found[0][0] if found else start, end)
