"""Markers like `[1]` in an answer become links to the sources they name."""

from typing import Any

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.citations import MARKER, Links


def extend(markdown: MarkdownIt) -> None:
    markdown.inline.ruler.before("link", "citation", _rule)
    markdown.add_render_rule("citation", _render)


def _rule(state: StateInline, silent: bool) -> bool:
    links: Links | None = state.env.get("links")
    found = MARKER.match(state.src, state.pos) if links is not None else None
    if links is None or found is None:
        return False
    if not silent:
        for number in map(int, found[1].split(",")):
            if number in links:
                state.push("citation", "", 0).meta = {"number": number}
    state.pos = found.end()
    return True


def _render(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
    number = tokens[index].meta["number"]
    address, title = env["links"][number]
    label = _("Source %(number)s") % {"number": number}
    return (
        f'<a class="citation" href="{escapeHtml(address)}" title="{escapeHtml(title)}" '
        f'aria-label="{escapeHtml(label)}">{number}</a>'
    )
