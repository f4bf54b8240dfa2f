from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Span = tuple[int, int]
PageKind = Literal["page", "slide", "sheet", "section", ""]

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
    """Positions count characters of `text`; `page_starts` is empty where pages mean nothing.

    A span of `tables` covers a table with one row a line: `| cell | cell |`, or `column: cell; column: cell` where the
    table is long. `page_kind` says what a page is, `page_labels` how each is called where its number says too little.
    `scans` are the pages, counted from 1, whose words are only there as a picture; `scans_because` is the code of the
    IngestionError that says why they stayed one.
    """

    text: str
    page_starts: list[int] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    language: str = ""
    tables: list[Span] = field(default_factory=list)
    page_kind: PageKind = ""
    page_labels: list[str] = field(default_factory=list)
    scans: list[int] = field(default_factory=list)
    scans_because: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Parsed":
        headings = [Heading(**heading) for heading in data["headings"]]
        return cls(**{**data, "headings": headings, "tables": [(start, end) for start, end in data["tables"]]})


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
