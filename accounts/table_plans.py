"""What an imported table would change, row by row, before anything is changed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from django.utils.functional import Promise

from accounts.models import User
from accounts.spreadsheets import Row


@dataclass(frozen=True)
class Line:
    """What is to be done for one row: nothing where it says what is there already."""

    number: int
    about: str
    text: str = ""
    problem: str = ""
    do: "Callable[[User], str | None] | None" = None  # by whom; may return a link that is shown once

    @property
    def is_change(self) -> bool:
        return self.do is not None


@dataclass(frozen=True)
class Plan:
    lines: list[Line] = field(default_factory=list)

    @property
    def problems(self) -> list[Line]:
        return [line for line in self.lines if line.problem]

    @property
    def changes(self) -> list[Line]:
        return [line for line in self.lines if line.is_change]

    @property
    def unchanged(self) -> int:
        return len(self.lines) - len(self.problems) - len(self.changes)

    @property
    def digest(self) -> str:
        """Tells whether a plan that was shown is still the same."""
        shown = "\n".join(f"{line.number} {line.about} {line.text} {line.problem}" for line in self.lines)
        return hashlib.sha256(shown.encode()).hexdigest()

    def carry_out(self, by: User) -> list[tuple[str, str]]:
        """The links that came of it, with whom each is for. All or nothing is the caller's transaction."""
        made = [(line.about, line.do(by)) for line in self.lines if line.do]
        return [(about, link) for about, link in made if link]


class Table(Protocol):
    @property
    def columns(self) -> Mapping[str, Promise]: ...  # with what each takes

    @property
    def required(self) -> Sequence[str]: ...

    def rows(self, decimal: str) -> Iterable[Sequence[str]]: ...

    def plan(self, rows: Sequence[Row]) -> Plan: ...


class Impossible(Exception):
    """Why a row cannot be done, in words."""


def lines(rows: Sequence[Row], key: Callable[[Row], str], line: Callable[[Row], Line], twice: str) -> Iterator[Line]:
    """One a row; `key` is what two rows must not share."""
    seen: dict[str, int] = {}
    for row in rows:
        name = key(row)
        if row.problem:
            yield Line(row.line, name, problem=row.problem)
        elif name in seen:
            yield Line(row.line, name, problem=twice % {"line": seen[name]})
        else:
            seen[name] = row.line
            try:
                yield line(row)
            except Impossible as error:
                yield Line(row.line, name, problem=str(error))
