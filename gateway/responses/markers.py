"""Markers like `[1]` in a text that arrives in pieces."""

import re
from collections.abc import Iterator

MARKER = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\](?!\()")  # [1]  [1, 2]  but not the text of a link [1](…)
MAY_BECOME_ONE = re.compile(r"\[[\d\s,]{0,40}\]?$")


class Markers:
    def __init__(self) -> None:
        self._offset = 0
        self._rest = ""

    def found(self, text: str = "", *, is_end: bool = False) -> Iterator[tuple[int, int]]:
        """Where a marker begins, and a number in it; both for as much as is certain by now."""
        self._rest += text
        open_one = None if is_end else MAY_BECOME_ONE.search(self._rest)
        certain = self._rest[: open_one.start()] if open_one else self._rest
        for marker in MARKER.finditer(certain):
            yield from ((self._offset + marker.start(), int(number)) for number in marker[1].split(","))
        self._offset += len(certain)
        self._rest = self._rest[len(certain) :]
