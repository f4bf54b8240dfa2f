"""Footnotes: `[^1]` leads to its note, which stands where it was written, and back."""

import re
from typing import Any

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote.index import footnote_def

REFERENCE = re.compile(r"\[\^([\w-]{1,40})\]")
NOTE = re.compile(r"\[\^[\w-]{1,40}\]:")


def extend(markdown: MarkdownIt) -> None:
    markdown.block.ruler.before("reference", "footnote_def", _note_rule, {"alt": ["paragraph", "reference"]})
    markdown.inline.ruler.before("link", "footnote_ref", _reference_rule)
    markdown.add_render_rule("footnote_ref", _render_reference)
    markdown.add_render_rule("footnote_reference_open", _render_note)
    markdown.add_render_rule("footnote_reference_close", lambda *_: "</div>\n")


def _note_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    is_note = NOTE.match(state.src, state.bMarks[start] + state.tShift[start])
    return bool(is_note) and footnote_def(state, start, end, silent)


def _reference_rule(state: StateInline, silent: bool) -> bool:
    found = REFERENCE.match(state.src, state.pos)
    if found is None or f":{found[1]}" not in state.env["footnotes"]["refs"]:
        return False
    if not silent:
        state.push("footnote_ref", "", 0).meta = {"label": found[1]}
    state.pos = found.end()
    return True


def _id(env: Any, label: str, kind: str) -> str:
    return escapeHtml(f"{kind}-{env['scope']}-{label}")


def _render_reference(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
    label = tokens[index].meta["label"]
    named: set[str] = env["referred"]
    own = "" if label in named else f' id="{_id(env, label, "ref")}"'  # the way back leads to the first
    named.add(label)
    name = escapeHtml(_("Footnote %(label)s") % {"label": label})
    return f'<sup><a{own} href="#{_id(env, label, "note")}" aria-label="{name}">{escapeHtml(label)}</a></sup>'


def _render_note(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
    label = tokens[index].meta["label"]
    name = escapeHtml(_("Back to footnote %(label)s in the text") % {"label": label})
    back = f'<a href="#{_id(env, label, "ref")}" aria-label="{name}">{escapeHtml(label)}</a>'
    return f'<div class="footnote" id="{_id(env, label, "note")}">{back}\n'
