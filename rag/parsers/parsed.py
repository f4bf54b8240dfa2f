from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_PAGES = 5_000
MAX_CHARACTERS = 5_000_000
MAX_UNPACKED = 300 * 1024 * 1024  # bytes


class ParsingFailed(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Heading:
    start: int
    title: str


@dataclass
class Parsed:
    """Positions count characters of `text`; `page_starts` is empty where pages mean nothing."""

    text: str
    page_starts: list[int] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    language: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Parsed":
        return cls(**{**data, "headings": [Heading(**heading) for heading in data["headings"]]})


def joined(blocks: Iterable[str], separator: str = "\n\n") -> tuple[str, list[int]]:
    """The blocks as one text, and where each begins."""
    starts, position, parts = [], 0, []
    for block in blocks:
        starts.append(position)
        parts.append(block)
        position += len(block) + len(separator)
        if position > MAX_CHARACTERS:
            raise ParsingFailed("too_much_text")
    return separator.join(parts), starts
