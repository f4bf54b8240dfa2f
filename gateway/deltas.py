"""Deltas that need no parsing: those of one stream differ in their text alone.

The bytes around the text are learned from a delta that was parsed. Another one with the same bytes around a text
without anything that JSON would escape is well-formed and says no more than that text. All others are parsed: those
with other letters than ASCII, the end of an answer, usage, tool calls, errors.
"""

import re
from typing import Any

from gateway.metering import LONGEST_TOKEN, Meter

TEXT_FIELD = re.compile(rb'"content":\s*"')
# printable, without quotes and backslashes
is_plain_token = re.compile(rb"[ !#-\[\]-~]{1,%d}" % LONGEST_TOKEN).fullmatch


class Shape:
    """What stands around the text, as it comes from the upstream and as it goes to the caller."""

    __slots__ = ("head", "head_out", "is_same", "meter", "tail", "text")

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.head = self.tail = self.head_out = b""
        self.text = slice(0, 0)
        self.is_same = True

    def learn(self, raw: bytes, out: bytes, piece: dict[str, Any]) -> None:
        """`out` is the same delta under the model's public name, which stands before the text."""
        text = _text_alone(piece)
        found = list(TEXT_FIELD.finditer(raw)) if text else []
        if len(found) != 1:
            return
        start = found[0].end()
        end = start + len(text)
        is_plain = raw[start:end] == text.encode(errors="surrogatepass") and raw[end : end + 1] == b'"'
        if is_plain and out.endswith(raw[start:]):
            self.head, self.tail, self.head_out = raw[:start], raw[end:], out[: len(out) - len(raw) + start]
            self.text, self.is_same = slice(start, -len(self.tail)), self.head == self.head_out

    def told(self, raw: bytes) -> bytes | None:
        """What goes to the caller of a delta of one token, counted; None if it has to be parsed."""
        text = raw[self.text]
        if self.head + text + self.tail != raw or not is_plain_token(text):
            return None
        self.meter.relayed_tokens += 1
        return raw if self.is_same else self.head_out + text + self.tail


def _text_alone(piece: dict[str, Any]) -> str:
    """The text of a piece that has one choice with nothing but a text."""
    match piece.get("choices"):
        case [{"delta": {"content": str(text), **others}, **about}]:
            return "" if any(others.values()) or about.get("finish_reason") or about.get("logprobs") else text
    return ""
