"""Deltas that need no parsing: those of one stream differ in their text alone.

The bytes around the text are learned from a delta that was parsed. Another one with the same bytes around a text
without anything that JSON would escape is well-formed and says no more than that text. All others are parsed: those
with other letters than ASCII, the end of an answer, usage, tool calls, errors.
"""

import re
from typing import Any

from gateway.metering import LONGEST_TOKEN

TEXT_FIELD = re.compile(rb'"content":\s*"')
is_plain = re.compile(rb"[ !#-\[\]-~]*").fullmatch  # printable, without quotes and backslashes


class Shape:
    """What stands around the text, as it comes from the upstream and as it goes to the caller."""

    def __init__(self) -> None:
        self.head = self.tail = self.head_out = b""

    def learn(self, raw: bytes, out: bytes, piece: dict[str, Any]) -> None:
        """`out` is the same delta under the model's public name, which stands before the text."""
        text = _text_alone(piece)
        found = list(TEXT_FIELD.finditer(raw)) if text else []
        if not text or len(found) != 1 or not is_plain(text.encode()):
            return
        start = found[0].end()
        end = start + len(text)
        if raw[start:end] == text.encode() and raw[end : end + 1] == b'"' and out.endswith(raw[start:]):
            self.head, self.tail, self.head_out = raw[:start], raw[end:], out[: len(out) - len(raw) + start]

    def told(self, raw: bytes) -> bytes | None:
        """What goes to the caller of a delta of at most one token; None if it has to be parsed."""
        start, end = len(self.head), len(raw) - len(self.tail)
        if not start or not 0 < end - start <= LONGEST_TOKEN or not raw.startswith(self.head):
            return None
        if not raw.endswith(self.tail) or not is_plain(raw, start, end):
            return None
        return raw if self.head == self.head_out else self.head_out + raw[start:]


def _text_alone(piece: dict[str, Any]) -> str:
    """The text of a piece that has one choice with nothing but a text."""
    match piece.get("choices"):
        case [{"delta": {"content": str(text), **others}, **about}]:
            return "" if any(others.values()) or about.get("finish_reason") or about.get("logprobs") else text
    return ""
