"""Links and pictures: only web and mail addresses, and no link that pretends to lead elsewhere."""

import re
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

ALLOWED = re.compile(r"(https?://[^/?#]|mailto:[^/])", re.IGNORECASE)
HOST_IN_TEXT = re.compile(r"(?:[\w-]+\.)+[a-zA-Z]{2,}")


def extend(markdown: MarkdownIt) -> None:
    markdown.validateLink = lambda url: bool(ALLOWED.match(url))  # type: ignore[method-assign]
    markdown.add_render_rule("link_open", _render_open)
    markdown.add_render_rule("link_close", _render_close)
    markdown.add_render_rule("image", _render_image)


def _render_open(self: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("class", "external")
    return self.renderToken(tokens, index, options, env)


def _render_close(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, _env: Any) -> str:
    begin = next(at for at in range(index, -1, -1) if tokens[at].type == "link_open")  # links hold no links
    text = "".join(token.content for token in tokens[begin:index])
    host = host_to_tell(str(tokens[begin].attrs.get("href", "")), text)
    return f'</a> <span class="host">({escapeHtml(host)})</span>' if host else "</a>"


def host_to_tell(address: str, text: str) -> str:
    """Where a link leads when its text names another place, or letters stand in it that look like others."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        return address[:100]
    named = {found.lower().removeprefix("www.") for found in HOST_IN_TEXT.findall(text)}
    is_clear = not named or host.removeprefix("www.") in named
    return "" if is_clear and "xn--" not in host and "@" not in parts.netloc else host


def _render_image(_self: RendererHTML, tokens: list[Token], index: int, _options: Any, _env: Any) -> str:
    """A remote image would tell its server that the answer is being read: its description stands instead."""
    return escapeHtml(tokens[index].content)
