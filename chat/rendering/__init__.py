"""Markdown to HTML that is safe to show: one renderer and one sanitiser for stream, history, sharing and export.

    markdown      the parser and what each kind of block and span becomes
    sanitising    the elements and attributes that may leave this package, whatever made them
    streaming     the same of a text that still grows: closed blocks once, the open one bit by bit

Raw HTML and pictures of Markdown are shown as text; only web and mail addresses become links; `[1]` becomes a link to
the source it names and vanishes when there is no such source; sentences that their sources do not bear out are marked.
"""

from markdown_it.token import Token

from chat.claims import Claim, claims
from chat.doubts import Doubts
from chat.markers import Links
from chat.rendering.markdown import cleaned, environment, to_html, tokens
from chat.rendering.streaming import StreamingRenderer, Update, shown

__all__ = ["StreamingRenderer", "Update", "cited", "parse", "render", "shown", "statements"]


def render(text: str, links: Links | None = None, *, doubts: Doubts | None = None, scope: str = "") -> str:
    """`links` is None where nothing was searched: then `[1]` is ordinary text. `scope` keeps the footnotes of two
    messages on a page apart."""
    return to_html(cleaned(text), environment(links, scope), doubts)


def statements(text: str, links: Links | None) -> list[Claim]:
    """The sentences of an answer as `render` counts them."""
    return claims(tokens(cleaned(text), environment(links)))


def cited(text: str, links: Links) -> set[int]:
    """The sources an answer names, as far as there are any; a number in code is none."""
    children = (child for token in tokens(cleaned(text), environment(links)) for child in token.children or ())
    return {number for child in children if child.type == "citation" for number in child.meta["numbers"]}


def parse(text: str) -> list[Token]:
    """The parser's tokens, for documents that are not HTML; `[1]` is ordinary text in them."""
    return tokens(cleaned(text), environment(None))
