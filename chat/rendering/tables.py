"""Tables: wide ones scroll in a frame of their own."""

from typing import Any

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token


def extend(markdown: MarkdownIt) -> None:
    markdown.add_render_rule("th_open", _render_cell)
    markdown.add_render_rule("td_open", _render_cell)
    markdown.add_render_rule("table_open", _render_frame)
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")


def _render_cell(self: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    """Alignment as a class: the content policy forbids styles in place."""
    if style := tokens[index].attrs.pop("style", None):
        tokens[index].attrSet("class", str(style).replace("text-align:", "align-"))
    return self.renderToken(tokens, index, options, env)


def _render_frame(*_arguments: Any) -> str:
    label = escapeHtml(_("Table"))
    return f'<div class="table" tabindex="0" role="group" aria-label="{label}"><table>\n'
