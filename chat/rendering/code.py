"""Code blocks: a frame with the language's name, coloured by classes."""

from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LONGEST = 20_000  # characters that are coloured: it costs about a second a megabyte
NAME_LENGTH = 20
_formatter = HtmlFormatter(nowrap=True, classprefix="hl-")


def extend(markdown: MarkdownIt) -> None:
    markdown.add_render_rule("fence", _render)
    markdown.add_render_rule("code_block", _render)


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return None


def _render(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, env: Any) -> str:
    token = tokens[index]
    language = (token.info.split() or [""])[0][:NAME_LENGTH]
    lexer = _lexer(language.lower()) if language else None
    is_coloured = env["highlighted"] and len(token.content) <= LONGEST
    content = highlight(token.content, lexer, _formatter) if lexer and is_coloured else escapeHtml(token.content)
    name = escapeHtml(lexer.name if lexer else language)
    label = escapeHtml(_("Code"))
    head = f'<div class="code-head"><span>{name or label}</span></div>'
    pre = f'<pre tabindex="0" role="group" aria-label="{label}"><code>{content}</code></pre>'
    return f'<div class="code">{head}{pre}</div>\n'
