"""Markdown to HTML that is safe to show: one renderer and one sanitiser for stream, history and export.

Raw HTML and images in Markdown are shown as text; links get `rel`; `[1]` becomes a link to the source it names and
vanishes when there is no such source; sentences that their sources do not bear out are marked.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import nh3
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from chat import markers
from chat.claims import Claim, claims
from chat.doubts import Doubts, mark, render_sign
from chat.markers import Links

TAGS = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "class", "aria-label"},
    "code": {"class"},
    "div": {"class", "tabindex"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "span": {"class", "role", "tabindex", "aria-label", "title"},
    "td": {"class"},
    "th": {"class"},
}
_formatter = HtmlFormatter(nowrap=True, classprefix="hl-")


def _highlight(code: str, language: str, _attributes: str) -> str:
    try:
        return highlight(code, get_lexer_by_name(language), _formatter) if language else ""
    except ClassNotFound:
        return ""


def _citation_rule(state: StateInline, silent: bool) -> bool:
    links: Links | None = state.env.get("links")
    if links is None or state.src[state.pos] not in markers.FIRST:
        return False
    found = markers.MARKER.match(state.src, state.pos)
    if found is None:
        return False
    known = [number for number in markers.numbers(found) if number in links]
    if not known and found["raised"]:  # a power, perhaps
        return False
    if not silent and known:
        state.push("citation", "", 0).meta = {"numbers": known}
    elif not silent:
        state.pending = state.pending.rstrip(" ")
    state.pos = found.end()
    return True


def _render_citation(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
    return "".join(_link(number, *env["links"][number]) for number in tokens[index].meta["numbers"])


def _link(number: int, address: str, title: str) -> str:
    """The brackets are there for whoever copies or prints the text."""
    label = _("Source %(number)s") % {"number": number}
    return (
        f'<a class="citation" href="{escapeHtml(address)}" title="{escapeHtml(title)}" '
        f'aria-label="{escapeHtml(label)}">'
        f'<span class="bracket">[</span>{number}<span class="bracket">]</span></a>'
    )


def _render_cell(self: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    """Alignment as a class: the content policy forbids styles in place."""
    if style := tokens[index].attrs.pop("style", None):
        tokens[index].attrSet("class", str(style).replace("text-align:", "align-"))
    return self.renderToken(tokens, index, options, env)


def _render_image(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, _env: Any) -> str:
    """A remote image would tell its server that the answer is being read: its description stands instead."""
    return escapeHtml(tokens[index].content)


@lru_cache(maxsize=2)
def _markdown(*, highlighted: bool) -> MarkdownIt:
    highlight = _highlight if highlighted else None
    markdown = MarkdownIt("commonmark", {"html": False, "highlight": highlight, "maxNesting": 40})
    markdown.enable(["table", "strikethrough"])
    markdown.inline.ruler.before("emphasis", "citation", _citation_rule)
    for character in markers.FIRST:
        markdown.inline.add_terminator_char(character)
    markdown.add_render_rule("citation", _render_citation)
    markdown.add_render_rule("image", _render_image)
    markdown.add_render_rule("doubt_sign", render_sign)
    markdown.add_render_rule("th_open", _render_cell)
    markdown.add_render_rule("td_open", _render_cell)
    markdown.add_render_rule("table_open", lambda *_: '<div class="table" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return markdown


def sanitise(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def render(text: str, links: Links | None = None, *, highlighted: bool = True, doubts: Doubts | None = None) -> str:
    """`links` is None where nothing was searched: then `[1]` is ordinary text."""
    markdown, env = _markdown(highlighted=highlighted), {"links": links}
    tokens: list[Token] = markdown.parse(text, env)
    if doubts:
        mark(tokens, doubts)
    return sanitise(markdown.renderer.render(tokens, markdown.options, env))


def statements(text: str, links: Links | None) -> list[Claim]:
    """The sentences of an answer as `render` counts them."""
    return claims(_markdown(highlighted=False).parse(text, {"links": links}))


def cited(text: str, links: Links) -> set[int]:
    """The sources an answer names, as far as there are any; a number in code is none."""
    tokens: list[Token] = _markdown(highlighted=False).parse(text, {"links": links})
    children = (child for token in tokens for child in token.children or ())
    return {number for child in children if child.type == "citation" for number in child.meta["numbers"]}


def parse(text: str) -> list[Token]:
    """The parser's tokens, for documents that are not HTML; `[1]` is ordinary text in them."""
    tokens: list[Token] = _markdown(highlighted=False).parse(text, {"links": None})
    return tokens


def closed_until(text: str) -> int:
    """Where the last top-level block of `text` begins: all before it can no longer change."""
    tokens: list[Token] = _markdown(highlighted=False).parse(text, {"links": None})
    starts = [token.map[0] for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]
    if len(starts) < 2:
        return 0
    return sum(len(line) + 1 for line in text.split("\n")[: starts[-1]])  # the parser's idea of a line


class StreamingRenderer:
    """Renders an answer as it grows. A closed block is rendered once, the open tail each time, without colours."""

    def __init__(self, links: Links | None, render: Callable[..., str] = render) -> None:
        self.links = links
        self.render = render
        self.tail = ""

    def feed(self, text: str) -> tuple[str, str]:
        """Returns the HTML of the blocks that `text` has closed, and of the tail that is still open."""
        self.tail += text
        end = closed_until(self.tail)
        closed, self.tail = self.tail[:end], self.tail[end:]
        html = self.render(closed, self.links) if closed else ""
        return html, self.render(shown(self.tail, self.links), self.links, highlighted=False)


def shown(text: str, links: Links | None) -> str:
    """A growing text without the marker it may end in the middle of."""
    return text if links is None else text[: markers.settled(text)]
