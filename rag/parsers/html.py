"""Web pages as a reader sees them: no scripts, nothing hidden, nothing fetched."""

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from rag.parsers.composing import Block, composed
from rag.parsers.parsed import Parsed, ParsingFailed
from rag.parsers.tables import table
from rag.parsers.text import decoded

LONGEST = 20_000_000  # characters; a tree of them takes about ten times as much
DEEPEST = 2_000  # elements within one another; what is deeper is not read
NOT_READ = {
    *("head", "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "embed", "canvas"),
    *("audio", "video", "select", "datalist", "textarea", "dialog", "button", "input"),
}
INLINE = {
    *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd"),
    *("label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"),
    *("time", "tt", "u", "var", "wbr"),
}
LAYOUT = ("tr table", "tr h1", "tr h2", "tr h3", "tr ul", "tr ol")  # with these a table only places things
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]))", re.IGNORECASE)
CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
DECLARED_WITHIN = 2048  # bytes


def read(path: Path) -> Parsed:
    return parsed(in_its_encoding(path.read_bytes()))


def parsed(page: str) -> Parsed:
    if len(page) > LONGEST:
        raise ParsingFailed("too_much_text")
    body = LexborHTMLParser(page.replace("\x00", "")).body
    return composed(_Reader().blocks(body) if body is not None else [])


def in_its_encoding(data: bytes) -> str:
    head = data[:DECLARED_WITHIN]
    declared = CHARSET.search(head) if b"\x00" not in head else None
    try:
        return data.decode(declared[1].decode()) if declared else decoded(data)
    except (LookupError, ValueError):
        return decoded(data)


class _Reader:
    """Walks without recursion: a page may nest as deep as it is long."""

    def __init__(self) -> None:
        self.line: list[str] = []
        self.marks: list[str] = []  # of the lists we are in: "-" or the number of the next item
        self.item = ""

    def blocks(self, body: LexborNode) -> Iterator[Block]:
        for node, is_end in _steps(body):
            tag = node.tag or ""
            if tag == "-text":
                self.line.append(_text_of(node))
            elif tag == "br":
                self.line.append("\n")
            elif tag == "img":
                self.line.append(f" {node.attributes.get('alt') or ''} ")
            elif _is_table(node):
                yield from self._ended()
                yield Block(table(_rows(node)), "table")
            elif tag not in INLINE:
                yield from self._ended(tag if is_end else "")
                self._enter_or_leave(tag, node, is_end)
        yield from self._ended()

    def _ended(self, tag: str = "") -> Iterator[Block]:
        text = _collapsed("".join(self.line))
        self.line = []
        if not text:
            return
        if tag in HEADINGS:
            yield Block(" ".join(text.split()), "heading")
            return
        yield Block(f"{self.item} {text}" if self.item else text)
        self.item = ""

    def _enter_or_leave(self, tag: str, node: LexborNode, is_end: bool) -> None:
        if tag in ("ul", "ol", "menu"):
            if is_end:
                self.marks = self.marks[:-1]
            else:
                self.marks.append("1" if tag == "ol" else "-")
        elif tag == "li" and not is_end:
            mark = self.marks[-1] if self.marks else "-"
            self.item = f"{'  ' * (len(self.marks) - 1)}{mark}{'.' if mark.isdigit() else ''}"
            if mark.isdigit():
                self.marks[-1] = str(int(mark) + 1)
        elif is_end and tag == "li":
            self.item = ""


def _steps(top: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Each node as it begins and, if it is an element, as it ends; not what is inside of tables or not to be read."""
    above: list[LexborNode] = []
    node: LexborNode | None = top
    while True:
        if node is None:
            if not above:
                return
            node = above.pop()
            yield node, True
        elif _is_read(node):
            yield node, False
            if node.is_element_node and not _is_table(node) and node.child is not None and len(above) < DEEPEST:
                above.append(node)
                node = node.child
                continue
        node = node.next if above else None


def _is_read(node: LexborNode) -> bool:
    if node.is_text_node:
        return True
    if not node.is_element_node or node.tag in NOT_READ:
        return False
    attributes = node.attributes
    return "hidden" not in attributes and not HIDDEN_STYLE.search(attributes.get("style") or "")


def _is_table(node: LexborNode) -> bool:
    return node.tag == "table" and not any(node.css_first(inner) for inner in LAYOUT)


def _rows(node: LexborNode) -> Iterator[list[str]]:
    for row in node.css("tr"):
        yield [_inner_text(cell) for cell in row.iter() if cell.tag in ("td", "th")]


def _inner_text(top: LexborNode) -> str:
    return "".join(_text_of(node) if node.tag == "-text" else " " for node, _ in _steps(top) if node.tag not in INLINE)


def _text_of(node: LexborNode) -> str:
    text = node.text_content or ""
    parent = node.parent
    return text.replace("\n", "\x00") if parent is not None and parent.tag == "pre" else re.sub(r"\s+", " ", text)


def _collapsed(text: str) -> str:
    """White space as a browser shows it; a zero stands for a line end that counts."""
    lines = (" ".join(line.split(" ")) for line in re.sub(r" +", " ", text).split("\n"))
    return "\n".join(line.strip(" ") for line in lines).replace("\x00", "\n").strip()
