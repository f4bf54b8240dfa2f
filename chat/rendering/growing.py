"""How a long block grows while it is being written: what is finished in it is rendered once, too.

A list grows by items, a table by rows, a code block by lines, a paragraph by pieces of it. What is shown so is
provisional: once the block is closed, it is rendered as a whole.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from markdown_it.token import Token

from chat.rendering.markdown import blocks

LONG = 1_000  # characters: shorter blocks are rendered anew each time
GAP = re.compile(r"\s(?=[^\W\d_]{2})")  # in a paragraph, where nothing but text can begin


class Growth(NamedTuple):
    opening: str  # what stands before each part so that it reads as in its block
    frame: re.Pattern[str]  # takes the parts out of their block's HTML
    finished_in: Callable[[str], int]  # how much of a text will not change any more
    by_lines: bool = True  # only a complete line can finish something
    glue: str = ""  # before each part

    def parts(self, html: str) -> str | None:
        """None for HTML of something else."""
        found = self.frame.fullmatch(html)
        return found and self.glue + found[1]


LIST = re.compile(r"<[uo]l[^>]*>\n(.*)</[uo]l>\n", re.DOTALL)
TABLE = re.compile(r".*?<tbody>\n(.*)</tbody>\s*</table></div>\n", re.DOTALL)
CODE = re.compile(r"<div class=\"code\">.*?<code>(.*)</code></pre></div>\n", re.DOTALL)
PARAGRAPH = re.compile(r"<p>(.*)</p>\n", re.DOTALL)


def growth_of(text: str, tokens: list[Token], long: int) -> Growth | None:
    """For an open block, the only one in `text`; None for one that is rendered as a whole each time."""
    match tokens[0].type if tokens else "":
        case "bullet_list_open" | "ordered_list_open":
            return Growth("", LIST, _items)
        case "table_open":
            return Growth(_lines(text, 2), TABLE, _whole_lines)
        case "fence":
            return Growth(_lines(text, 1), CODE, _whole_lines)
        case "paragraph_open":
            return Growth("", PARAGRAPH, partial(_pieces, long), by_lines=False, glue=" ")
    return None


def _lines(text: str, count: int) -> str:
    return "".join(f"{line}\n" for line in text.split("\n")[:count])


def _items(text: str) -> int:
    starts = [
        token.map[0] for token in blocks(text) if token.type == "list_item_open" and token.level == 1 and token.map
    ]
    return len(_lines(text, starts[-1])) if starts else 0


def _whole_lines(text: str) -> int:
    return text.rfind("\n") + 1


def _pieces(long: int, text: str) -> int:
    """The same place whenever it is looked for, so that a tab that comes late agrees with the others."""
    found = GAP.search(text, long)
    return found.end() if found else 0
