"""Text into sentences, as a reader of German or English would cut it."""

import re
from collections.abc import Iterator

from inference.language import word_list

MAX_SENTENCE = 400  # characters; what is longer (tables, lists without full stops) is cut between words
WRAPPED_LINE = 40  # characters; a line at least so long that ends without a full stop runs on in the next

ENDS = re.compile(r"[.!?…]+[\"'”“«»)\]]*\s+")
LAST_WORD = re.compile(r"[^\s(\[\"„“»]+$")
MARKUP = re.compile(r"^(?:[-*+•–·>#|]+\s+)+")
MONTHS = word_list(
    "januar jänner februar märz april mai juni juli august september oktober november dezember "
    "january february march may june july october december"
)
ABBREVIATIONS = word_list(
    """abb abs abt al allg anm approx bd bsp bspw bzgl bzw ca cf co corp dept dipl dr ebd eds etc evtl exkl fig ggf
    gem hrsg inc ing inkl insb inst jh jhdt kap lfd lt ltd max mag med mind min mio mr mrs ms mtl mwst nat phil
    prof rd sec sog spp st str tel usw verf vgl vs z.b zb ziff zt zzgl z.t d.h u.a e.g i.e u.s a.m p.m e.v"""
)
BEFORE_A_NUMBER = word_list("art no nr nrn p pp s seite § vol tz rn rz anl bl")
BEFORE_AN_ORDINAL = word_list(
    """ab als am an auf beim bis das dem den der des die dies diese diesem dieser ein eine einem einen einer im in ins
    ihr ihre ihrem ihren jede jedem jeden jeder jedes nach seit seine vom von vor zum zur zwischen und sowie"""
)


def split(text: str) -> list[str]:
    """The sentences of a text in order: each a stretch of it, with white space made single."""
    return [piece for block in _blocks(text) for sentence in _sentences(block) for piece in _pieces(sentence)]


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, headings and list items, the lines of each joined to one."""
    block: list[str] = []
    for line in (line.strip() for line in text.splitlines()):
        if block and (not line or MARKUP.match(line) or not _runs_on(block[-1])):
            yield " ".join(block)
            block = []
        if stripped := MARKUP.sub("", line):
            block.append(" ".join(stripped.split()))
    if block:
        yield " ".join(block)


def _runs_on(line: str) -> bool:
    return len(line) >= WRAPPED_LINE and not line.endswith((":", "|"))


def _sentences(block: str) -> Iterator[str]:
    start = 0
    for end in ENDS.finditer(block):
        if _is_boundary(block[start : end.start()], end[0].strip(), block[end.end() :][:20]):
            yield block[start : end.end()].strip()
            start = end.end()
    if start < len(block):
        yield block[start:]


def _is_boundary(before: str, mark: str, after: str) -> bool:
    if not after or after[0].islower():
        return False
    if mark != ".":
        return True
    last = LAST_WORD.search(before)
    word = last[0].lower() if last else ""
    if word in ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or word.endswith((".b", ".h", ".a", ".g", ".e")):
        return False
    if word in BEFORE_A_NUMBER:
        return not after[0].isdigit()
    return not (word.isdigit() and len(word) <= 2 and _is_ordinal(before[: -len(word)], after))


def _is_ordinal(before: str, after: str) -> bool:
    """Whether the number between the two is a German ordinal ("am 3. Mai") or the number of a list item."""
    if not before.strip():
        return True
    return before.split()[-1].lower() in BEFORE_AN_ORDINAL or after.split()[0].strip(".,;:").lower() in MONTHS


def _pieces(sentence: str) -> Iterator[str]:
    while len(sentence) > MAX_SENTENCE:
        cut = max(sentence.rfind("; ", 0, MAX_SENTENCE) + 1, sentence.rfind(" | ", 0, MAX_SENTENCE) + 2)
        if cut < MAX_SENTENCE // 2:
            cut = sentence.rfind(" ", 0, MAX_SENTENCE)
        cut = cut if cut > 0 else MAX_SENTENCE
        yield sentence[:cut].strip()
        sentence = sentence[cut:].strip()
    if sentence:
        yield sentence
