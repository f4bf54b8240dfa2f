"""What a model thinks, kept apart from what it answers.

Servers that know how to tell them apart send `reasoning_content` or `reasoning` beside `content`. Others leave it to
the reader: then the answer begins with `<think>…</think>`.
"""

from typing import Any, NamedTuple

from chat.characters import Pieces

OPEN, CLOSE = "<think>", "</think>"


class Said(NamedTuple):
    thought: str = ""
    text: str = ""


class Splitter:
    def __init__(self) -> None:
        self.held = ""  # may be the beginning of a tag
        self.has_begun = False
        self.is_thinking = False
        self.thoughts, self.contents = Pieces(), Pieces()

    def split(self, delta: dict[str, Any]) -> Said:
        thoughts = (delta.get("reasoning_content"), delta.get("reasoning"))
        thought = next((part for part in thoughts if isinstance(part, str)), "")
        said = self._content(self.contents.kept(delta.get("content") or ""))
        return Said(self.thoughts.kept(thought) + said.thought, said.text)

    def end(self) -> Said:
        """What was held back and has turned out to be no tag."""
        held, self.held = self.held, ""
        return Said(thought=held) if self.is_thinking else Said(text=held)

    def _content(self, content: str) -> Said:
        self.held += content
        if not self.has_begun:
            begun = self.held.lstrip()
            if OPEN.startswith(begun[: len(OPEN)]) and len(begun) < len(OPEN):
                return Said()
            self.has_begun, self.is_thinking = True, begun.startswith(OPEN)
            self.held = begun.removeprefix(OPEN) if self.is_thinking else self.held
        if not self.is_thinking:
            text, self.held = self.held, ""
            return Said(text=text)
        thought, tag, text = self.held.partition(CLOSE)
        if tag:
            self.held, self.is_thinking = "", False
            return Said(thought, text)
        kept = next((size for size in range(len(CLOSE) - 1, 0, -1) if thought.endswith(CLOSE[:size])), 0)
        self.held = thought[len(thought) - kept :]
        return Said(thought[: len(thought) - kept])
