"""Markdown that does nothing in whatever program opens it: no raw HTML, no remote images, no links but plain ones.

Our page shows such things as text; others would run them or fetch them. What is harmless stays as it was written.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

SCHEMES = {"", "http", "https", "mailto"}


def inert(text: str) -> str:
    lines = text.split("\n")
    for token in _permissive().parse(text):
        if token.map and _is_active(token):
            first, end = token.map
            lines[first:end] = [_escaped(line) for line in lines[first:end]]
    made = "\n".join(lines)
    if any(_is_active(token) for token in _permissive().parse(made)):  # text may come to life where other text falls
        return "\n".join(map(_escaped, text.split("\n")))
    return made


@lru_cache(maxsize=1)
def _permissive() -> MarkdownIt:
    """As the most careless program would read it."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]
    return markdown


def _is_active(token: Token) -> bool:
    if token.type in ("html_block", "html_inline", "image"):
        return True
    if token.type == "link_open":
        return not _is_plain(str(token.attrs.get("href", "")))
    return any(map(_is_active, token.children or []))


def _is_plain(address: str) -> bool:
    try:
        return urlsplit(address).scheme.lower() in SCHEMES
    except ValueError:
        return False


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("<", "&lt;").replace("[", "\\[").replace("`", "\\`")
