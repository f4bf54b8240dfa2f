"""The parser: CommonMark with tables, formulas, task lists and footnotes, as models write them.

A line of dashes below a paragraph is a rule, not a heading: that is what models mean by it.
"""

import re
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from chat.doubts import Doubts, mark, render_sign
from chat.markers import Links
from chat.rendering import code, footnotes, formulas, links, sources, tables, tasks
from chat.rendering.sanitising import sanitise

Environment = dict[str, Any]
DEEPEST = 40  # blocks and spans inside of each other
# what turns the reading direction round, so that a text or a program reads otherwise than it is
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def environment(links: Links | None, scope: str = "") -> Environment:
    """What the rules know beside the text; references and footnotes gather in it."""
    gathered: Environment = {"references": {}, "footnotes": {"refs": {}, "list": {}}, "referred": set()}
    return {"links": links, "scope": scope, "highlighted": True, **gathered}


def cleaned(text: str) -> str:
    return INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST})
    markdown.enable(["table", "strikethrough"]).disable("lheading")
    for part in (code, footnotes, formulas, links, sources, tables, tasks):
        part.extend(markdown)
    markdown.add_render_rule("doubt_sign", render_sign)
    return markdown


def blocks(text: str) -> list[Token]:
    """The blocks alone, without a look at what stands in them."""
    tokens: list[Token] = []
    markdown = parser()
    markdown.block.parse(text, markdown, {"references": {}}, tokens)
    return tokens


def tokens(text: str, environment: Environment) -> list[Token]:
    found: list[Token] = parser().parse(text, environment)
    return found


def to_html(text: str, environment: Environment, doubts: Doubts | None = None) -> str:
    markdown, parsed = parser(), tokens(text, environment)
    if doubts:
        mark(parsed, doubts)
    return sanitise(markdown.renderer.render(parsed, markdown.options, environment))
