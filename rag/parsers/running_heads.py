"""Page numbers and what is printed on top or at the bottom of page after page: they would part the text in between."""

import re
from collections import Counter
from itertools import chain

REPEATED = 3  # pages
FEWEST_LINES = 4  # a page of less is a slide or a form, where every line may count
NUMBER = re.compile(r"\d{1,5}")

Signature = tuple[str, int, int]


def without_running_heads(pages: list[str]) -> list[str]:
    lines = [page.strip().split("\n") for page in pages]
    for edge in (0, -1, 0, -1):  # two lines each
        _peel(lines, edge)
    return ["\n".join(page) for page in lines]


def _peel(pages: list[list[str]], edge: int) -> None:
    """What says the same each time stays where it stands first: it may be the title."""
    found = [_signatures(page[edge], number) for number, page in enumerate(pages)]
    counts = Counter(chain.from_iterable(found))
    seen: set[Signature] = set()
    for page, signatures in zip(pages, found, strict=True):
        repeated = {signature for signature in signatures if counts[signature] >= REPEATED}
        counts_pages = any(place >= 0 for _, place, _ in repeated)
        if len(list(filter(str.strip, page))) >= FEWEST_LINES and repeated and (counts_pages or repeated <= seen):
            del page[edge]
            while not page[edge].strip():
                del page[edge]
        seen |= repeated


def _signatures(line: str, page: int) -> set[Signature]:
    """The line itself, and for each of its numbers how far that is from the number of the page."""
    words = " ".join(line.split())
    form = NUMBER.sub("#", words)
    counting = {(form, place, int(found[0]) - page) for place, found in enumerate(NUMBER.finditer(words))}
    return {(words, -1, 0), *counting} if words else set()
