"""Where sentences end, in German, English and what is written like them. Pure."""

import re
from collections.abc import Iterator

from rag.tokens import fitting

Span = tuple[int, int]

LONGEST = 160  # tokens; a longer sentence is cut between words, a longer word anywhere

PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*(?:\n\s*)+")
LINE_OF_ITS_OWN = re.compile(r"(?:[•▪◦‣·*–—|#>-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s")
END = re.compile(r"[.!?…]+[\"'»«“”‘’)\]]*(?=\s)|[。！？]+")
LAST_WORD = re.compile(r"[\w.]+$")
ABBREVIATION = re.compile(
    r"abb|abs|abschn|akt|allg|anl|anm|art|aufl|az|bd|best|betr|bez|bezgl|bspw|bzgl|bzw|ca|chr|co|dipl|dr|ebd|ehem"
    r"|eigtl|einschl|etc|evtl|exkl|ff|fr|geb|gem|ggf|hg|hl|hr|hrsg|inkl|ing|insb|int|jh|jr|kap|lfd|lit|max|med|min"
    r"|mind|mio|mrd|mr|mrs|ms|nat|nr|pp|phil|pol|prof|rd|rer|resp|rn|rz|sog|sp|spez|st|std|str|svw|tel|tsd|tz|usf"
    r"|usw|verf|vers|vgl|vol|vs|zit|ziff|zt|zzgl|approx|dept|ed|eds|est|fig|figs|gen|gov|inc|jan|feb|mar|apr|jun"
    r"|jul|aug|sep|sept|okt|oct|nov|dez|dec|ltd|mt|no|op|para|rev|sec|sen|vols",
    re.IGNORECASE,
)


def paragraphs(text: str, start: int, end: int) -> Iterator[Span]:
    """Spans between empty lines, without white space at their ends."""
    position = start
    for gap in PARAGRAPH_BREAK.finditer(text, start, end):
        yield from _stripped(text, position, gap.start())
        position = gap.end()
    yield from _stripped(text, position, end)


def sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Spans that cover a paragraph but for its white space; none is longer than LONGEST."""
    position = start
    for cut in sorted({*_sentence_ends(text, start, end), *_line_ends(text, start, end)}):
        yield from _pieces(text, position, cut)
        position = cut
    yield from _pieces(text, position, end)


def rows(text: str, span: Span, longest: int) -> Iterator[Span]:
    """The lines of a table whole; only one above the longest is cut like a paragraph."""
    position, end = span
    while position < end:
        line_end = _line_end(text, position, end)
        for line in _stripped(text, position, line_end):
            yield from [line] if line[1] - line[0] <= longest else sentences(text, *line)
        position = line_end + 1


def _sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    for mark in END.finditer(text, start, end):
        if mark.end() < end and not _goes_on(text, mark, start, end):
            yield mark.end()


def _goes_on(text: str, mark: re.Match[str], start: int, end: int) -> bool:
    following = text[mark.end() : min(end, mark.end() + 20)].lstrip().lstrip("\"'„“»«‘(")
    if following[:1].islower():
        return True
    if not mark[0].startswith(".") or mark[0].startswith(".."):
        return False
    word = LAST_WORD.search(text[max(start, mark.start() - 20) : mark.start()])
    last = word[0].rpartition(".")[2].lower() if word else ""
    is_ordinal = last.isdigit() and len(last) <= 2
    return is_ordinal or (len(last) == 1 and last.isalpha()) or ABBREVIATION.fullmatch(last) is not None


def _line_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Before an item of a list or a row of a table."""
    position = text.find("\n", start, end)
    while position != -1:
        line = text[position + 1 : min(end, position + 12)].lstrip(" \t")
        if LINE_OF_ITS_OWN.match(line) or " | " in text[position + 1 : _line_end(text, position + 1, end)]:
            yield position
        position = text.find("\n", position + 1, end)


def _line_end(text: str, start: int, end: int) -> int:
    found = text.find("\n", start, end)
    return end if found == -1 else found


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    for first, last in _stripped(text, start, end):
        while (limit := fitting(text, first, last, LONGEST)) < last:
            cut = _space_before(text, first, limit)
            yield from _stripped(text, first, cut)
            first = cut
            while first < last and text[first].isspace():
                first += 1
        yield from _stripped(text, first, last)


def _space_before(text: str, start: int, limit: int) -> int:
    position = limit
    while position > start and not text[position].isspace():
        position -= 1
    return position if position > start else limit


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
