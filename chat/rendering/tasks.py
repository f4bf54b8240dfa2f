"""Task lists: `- [x]` is a sign that is read out, not a control that would do nothing."""

import re
from typing import Any

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

BOX = re.compile(r"\[([ xX])\] ")


def extend(markdown: MarkdownIt) -> None:
    markdown.core.ruler.after("inline", "tasks", _rule)
    markdown.add_render_rule("task", _render)


def _rule(state: StateCore) -> None:
    for item, _paragraph, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if item.type != "list_item_open" or inline.type != "inline" or not inline.children:
            continue
        first = inline.children[0]
        if first.type == "text" and (found := BOX.match(first.content)):
            first.content = first.content[found.end() :]
            inline.children.insert(0, Token("task", "", 0, meta={"is_done": found[1] != " "}))
            item.attrSet("class", "task")


def _render(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, _env: Any) -> str:
    is_done = tokens[index].meta["is_done"]
    label, state = (_("Task done"), "task-done") if is_done else (_("Task to do"), "task-open")
    return f'<span class="task-box {state}" role="img" aria-label="{escapeHtml(label)}"></span>'
