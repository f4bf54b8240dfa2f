"""Markdown to HTML that is safe to show: one renderer and one sanitiser for stream, history, sharing and export.

    markdown      the parser and what each kind of block and span becomes
    sanitising    the elements and attributes that may leave this package, whatever made them
    streaming     the same of a text that still grows: closed blocks once, the open one bit by bit

Raw HTML and pictures of Markdown are shown as text; only web and mail addresses become links; `[1]` becomes a link to
the source it names and vanishes when there is no such source.
"""

from chat.citations import Links
from chat.rendering.markdown import cleaned, environment, to_html
from chat.rendering.streaming import StreamingRenderer, Update

__all__ = ["StreamingRenderer", "Update", "render"]


def render(text: str, links: Links | None = None, *, scope: str = "") -> str:
    """`links` is None where nothing was searched: then `[1]` is ordinary text. `scope` keeps the footnotes of two
    messages on a page apart."""
    return to_html(cleaned(text), environment(links, scope))
