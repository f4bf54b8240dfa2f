r"""Formulas: `$…$`, `$$…$$`, `\(…\)` and `\[…\]` become MathML, which browsers and screen readers know themselves.

What cannot be translated is shown as it was written. A formula holds no blank line, so one that is never ended takes no
more than its paragraph along.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.rendering.sanitising import FORMULA

LONGEST = 2_000  # characters
# as in Pandoc, so that prices stay prices: no space inside of the dollars, no digit behind the second
SPAN = re.compile(
    r"\\\((?P<round>(?:[^\\]|\\[^()\[\]])+)\\\)|\\\[(?P<square>(?:[^\\]|\\[^()\[\]])+)\\\]|\$\$(?P<double>[^$]+)\$\$"
    r"|(?<![\w\\$])\$(?P<single>(?=[^\s$])(?:\\.|[^$\\])*(?<=\S))\$(?![\d$])",
    re.DOTALL,
)
BEGIN = re.compile(r"\$\$|\\\[")
ALONE = re.compile(r"(?:\$\$[^$]+\$\$|\\\[(?:[^\\]|\\[^()\[\]])+\\\])[ \t.,;]*")
PARTS = re.compile(r"(?:\$\$|\$|\\\(|\\\[)(?P<source>.*?)(?:\$\$|(?<!\\)\$|\\\)|\\\])(?P<behind>[ \t.,;]*)", re.DOTALL)
END = {"$$": "$$", r"\[": r"\]"}


class Untranslatable(Exception):
    pass


COMMA = re.compile(r"<mn>(\d+)</mn><mrow><mo[^>]*>,</mo></mrow><mn>(\d+)</mn>")  # 0{,}05: a number, no list of two
FAULTS: tuple[type[Exception], ...] = (
    Untranslatable,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    StopIteration,
    TypeError,
    ValueError,
    *(fault for fault in vars(exceptions).values() if isinstance(fault, type) and issubclass(fault, Exception)),
)


def extend(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("escape", "formula", _span_rule)
    stops = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "formula_block", _block_rule, {"alt": stops})
    markdown.add_render_rule("formula", _render)


def _span_rule(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = SPAN.match(state.src, state.pos, min(state.posMax, state.pos + LONGEST))
    if found is None or not found[found.lastgroup or 0].strip():
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content, token.meta = found[0], {"display": found.lastgroup in ("square", "double")}
    state.pos = found.end()
    return True


def _block_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula in a line of its own, or between signs that stand alone in their lines, up to a blank line at most."""
    first = state.bMarks[start] + state.tShift[start]
    found = BEGIN.match(state.src, first, state.eMarks[start])
    if found is None or state.is_code_block(start):
        return False
    if state.src[found.end() : state.eMarks[start]].strip():
        last, is_ended = start, bool(ALONE.fullmatch(state.src, first, state.eMarks[start]))
        if not is_ended:
            return False
    else:
        last, is_ended = _end_of(state, start + 1, end, END[found[0]])
    if not silent:
        token = state.push("formula", "", 0)
        token.content = state.getLines(start, last + 1, state.blkIndent, False).strip()
        token.meta, token.map, token.block = {"display": True, "is_ended": is_ended}, [start, last + 1], True
        state.line = last + 1
    return True


def _end_of(state: StateBlock, line: int, end: int, sign: str) -> tuple[int, bool]:
    """The last line of a formula, and whether it holds the sign that ends it."""
    while line < end and state.sCount[line] >= state.blkIndent and not state.isEmpty(line):
        if sign in state.src[state.bMarks[line] : state.eMarks[line]]:
            return line, True
        line += 1
    return line - 1, False


def _render(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    found = PARTS.fullmatch(token.content)
    html = mathml(found["source"], display=token.meta["display"]) if found else None
    html = html + escapeHtml(found["behind"]) if html and found else f"<code>{escapeHtml(token.content)}</code>"
    return f"<p>{html}</p>\n" if token.block else html


@lru_cache(maxsize=512)
def mathml(source: str, *, display: bool) -> str | None:
    """None for what is no formula that we know."""
    if len(source) > LONGEST:
        return None
    source = source.replace("{aligned}", "{align*}").replace("{gathered}", "{align*}")
    try:
        root = convert_to_element(source, display="block" if display else "inline")
        return COMMA.sub(r"<mn>\1,\2</mn>", "".join(_written(root)))
    except FAULTS:
        return None


def _written(element: Element) -> Iterator[str]:
    """As text, with what is allowed alone: the library itself escapes nothing."""
    allowed = FORMULA.get(element.tag)
    if allowed is None:
        raise Untranslatable
    text = unescape(element.text or "")
    if element.tag == "mi" and text.startswith("\\") and len(text) > 1:  # a command that the library does not know
        raise Untranslatable
    attributes = {name: value for name, value in element.items() if name in allowed - {"class"}}
    if alignment := element.get("columnalign"):
        attributes["class"] = f"align-{alignment}"  # browsers know the attribute no more
    written = "".join(f' {name}="{escapeHtml(value)}"' for name, value in attributes.items())
    yield f"<{element.tag}{written}>"
    yield escapeHtml(text)
    for child in element:
        yield from _written(child)
        yield escapeHtml(unescape(child.tail or ""))
    yield f"</{element.tag}>"
