"""Rendering an answer as it grows, at a cost that does not grow with it.

A block that is closed is rendered once, with colours. The open one is rendered again with each feed, without; once it
is long it grows instead (see `growing`). What is closed, and what has grown, depends on the text alone and not on the
pieces in which it came: a tab that gets a snapshot goes on with the same updates as one that was there.
"""

import re
from typing import NamedTuple

from chat import markers
from chat.markers import Links
from chat.rendering.growing import LONG, Growth, growth_of
from chat.rendering.markdown import Environment, blocks, cleaned, environment, to_html

BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")
# a line that is not complete yet, but after a blank one can be nothing else than the beginning of a text
SURELY_TEXT = re.compile(r"[^\W\d_]|\*\*[^\W_]")
ENDED_BY_BLANK = ("paragraph_open", "blockquote_open", "table_open", "fence", "formula")


class Update(NamedTuple):
    closed: str  # HTML of blocks that can no longer change, to be appended to those before
    tail: str | None  # of the block that is still open; None: it stays and grows
    more: str = ""  # what is finished in the open block, to be appended inside of it
    rest: str = ""  # what comes behind that, instead of the rest before


class StreamingRenderer:
    def __init__(self, links: Links | None = None, scope: str = "", long: int = LONG) -> None:
        self.environment = environment(links, scope)
        self.long = long
        self.text = ""  # of the open block
        self.ends_in_return = False
        self.growth: Growth | None = None
        self.grown = 0  # characters of `text` that are finished
        self.looked_until = 0  # characters of `text` in which was looked for something closed or finished

    @property
    def effort(self) -> int:
        """Characters that the next feed renders again."""
        return len(self.text) - self.grown

    def feed(self, text: str) -> Update:
        self.text += self._cleaned(text)
        until = self._certain()
        is_new, self.looked_until = until != self.looked_until, until
        closed = self._close(until) if is_new else ""
        if not self.text:
            return Update(closed, "")
        return Update(closed, *self._tail(is_new))

    def _cleaned(self, text: str) -> str:
        if self.ends_in_return and text.startswith("\n"):
            text = text[1:]
        self.ends_in_return = text.endswith("\r")
        return cleaned(text)

    def _certain(self) -> int:
        """How much of the text can be understood: lines that are complete."""
        end = self.text.rfind("\n") + 1
        is_after_blank = end and not self.text[self.text.rfind("\n", 0, end - 1) + 1 : end].strip()
        return end + 1 if is_after_blank and SURELY_TEXT.match(self.text, end) else end

    def _close(self, until: int) -> str:
        opening = self.growth.opening if self.growth else ""
        end = closed_until(opening + self.text[self.grown : until])
        if not end or end < len(opening):
            return ""
        end += self.grown - len(opening)
        closed, self.text = self.text[:end], BLANK_LINES.sub("", self.text[end:], count=1)
        self.growth, self.grown, self.looked_until = None, 0, self._certain()
        return to_html(closed, self.environment)

    def _tail(self, is_new: bool) -> tuple[str | None, str, str]:
        frame = None
        if self.growth is None:
            frame = self._begin_to_grow() if len(self.text) > self.long else None
            if self.growth is None:
                return self._provisional(shown(self.text, self.environment["links"])), "", ""
            is_new = True
        more = self._grow() if is_new or not self.growth.by_lines else ""
        return frame, more, self._rest()

    def _begin_to_grow(self) -> str | None:
        whole = self.text[: self.looked_until] or self.text
        growth = growth_of(whole, blocks(whole), self.long)
        finished = growth.finished_in(whole) if growth else 0
        if growth is None or finished <= len(growth.opening):
            return None
        html = self._provisional(self.text[:finished])
        if growth.parts(html) is None:
            return None
        self.growth, self.grown = growth, finished
        return html

    def _grow(self) -> str:
        """What has been finished since the last time."""
        growth, more = self.growth, ""
        while growth:
            end = self.looked_until if growth.by_lines else len(self.text)
            finished = growth.finished_in(growth.opening + self.text[self.grown : end]) - len(growth.opening)
            if finished <= 0:
                break
            more += self._part(self.text[self.grown : self.grown + finished]) or ""
            self.grown += finished
        return more

    def _rest(self) -> str:
        rest = shown(self.text[self.grown :], self.environment["links"])
        # the line that is being written may look like another block for a moment
        return self._part(rest) or self._part(rest[: rest.rfind("\n") + 1]) or ""

    def _part(self, text: str) -> str | None:
        return self.growth and self.growth.parts(self._provisional(self.growth.opening + text))

    def _provisional(self, text: str) -> str:
        """What a line that is not complete yet defines does not count for good."""
        known = self.environment
        notes = {"refs": dict(known["footnotes"]["refs"]), "list": {}}
        own: Environment = {"references": dict(known["references"]), "footnotes": notes, "highlighted": False}
        return to_html(text, {**known, **own, "referred": set(known["referred"])})


def shown(text: str, links: Links | None) -> str:
    """A growing text without the marker it may end in the middle of."""
    return text if links is None else text[: markers.settled(text)]


def closed_until(text: str) -> int:
    """Up to where in some lines no further one can change the blocks."""
    tops = [token for token in blocks(text) if token.level == 0 and token.nesting >= 0 and token.map]
    if not tops:
        return 0
    last = tops[-1]
    first_line, end_line = last.map or (0, 0)
    lines = text.split("\n")
    is_ended = last.type in ENDED_BY_BLANK and any(not line.strip() for line in lines[end_line:-1])
    if last.type in ("heading_open", "hr") or last.meta.get("is_ended"):
        is_ended = True
    if last.type == "fence" and end_line - first_line > 1:
        is_ended = is_ended or _ends_fence(lines[end_line - 1], last.markup)
    return sum(len(line) + 1 for line in lines[: end_line if is_ended else first_line])


def _ends_fence(line: str, markup: str) -> bool:
    sign = line.lstrip(" ").rstrip()
    return len(line) - len(line.lstrip(" ")) < 4 and sign.startswith(markup) and not sign.strip(markup[0])
