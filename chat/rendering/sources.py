"""Markers like `[1]` in an answer become links to the sources they name."""

from typing import Any

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat import markers
from chat.markers import Links


def extend(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("emphasis", "citation", _rule)
    for character in markers.FIRST:
        markdown.inline.add_terminator_char(character)
    markdown.add_render_rule("citation", _render)


def _rule(state: StateInline, silent: bool) -> bool:
    links: Links | None = state.env["links"]
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


def _render(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
    return "".join(_link(number, *env["links"][number]) for number in tokens[index].meta["numbers"])


def _link(number: int, address: str, title: str) -> str:
    """The brackets are there for whoever copies or prints the text."""
    label = _("Source %(number)s") % {"number": number}
    return (
        f'<a class="citation" href="{escapeHtml(address)}" title="{escapeHtml(title)}" '
        f'aria-label="{escapeHtml(label)}">'
        f'<span class="bracket">[</span>{number}<span class="bracket">]</span></a>'
    )
