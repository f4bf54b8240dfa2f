"""Pictures for the panel, drawn on the server. Each is made of its figures, which stand beside it as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

WIDTH, HEIGHT, GAP = 600, 120, 0.25  # of a picture of columns; the gap is a share of a column's place
SMALLEST = 2  # what is not nothing is seen


@dataclass(frozen=True)
class Figure:
    """`text` is the value as people read it."""

    label: str
    value: int
    text: str


@dataclass(frozen=True)
class Column:
    figure: Figure
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Columns:
    """Over time, from left to right; `summary` is what a glance should tell."""

    template: ClassVar[str] = "accounts/chart_columns.html"
    title: str
    figures: Sequence[Figure]
    summary: str
    width: ClassVar[int] = WIDTH
    height: ClassVar[int] = HEIGHT

    @property
    def is_empty(self) -> bool:
        return not any(figure.value for figure in self.figures)

    @property
    def drawn(self) -> Iterator[Column]:
        place = WIDTH / max(1, len(self.figures))
        for number, (figure, share) in enumerate(zip(self.figures, shares(self.figures), strict=True)):
            height = max(SMALLEST, share * HEIGHT) if figure.value else 0.0
            x = round(number * place + place * GAP / 2, 1)
            yield Column(figure, x, round(HEIGHT - height, 1), round(place * (1 - GAP), 1), round(height, 1))


@dataclass(frozen=True)
class Bars:
    """Side by side, the longest first."""

    template: ClassVar[str] = "accounts/chart_bars.html"
    title: str
    figures: Sequence[Figure]
    heading: str  # of what the bars are of
    remark: str = ""

    @property
    def drawn(self) -> Iterator[tuple[Figure, int]]:
        """With the length in percent."""
        return ((figure, round(share * 100)) for figure, share in zip(self.figures, shares(self.figures), strict=True))


@dataclass(frozen=True)
class Facts:
    template: ClassVar[str] = "accounts/chart_facts.html"
    title: str
    facts: Sequence[tuple[str, str]]


class Level(StrEnum):
    WELL = "well"
    WARNED = "warned"
    ILL = "ill"
    PLAIN = "plain"  # no state, but a way to more


@dataclass(frozen=True)
class State:
    label: str
    text: str
    level: Level = Level.WELL
    address: str = ""  # of a page that tells more


@dataclass(frozen=True)
class States:
    template: ClassVar[str] = "accounts/chart_states.html"
    title: str
    states: Sequence[State]
    otherwise: str  # said where there are none


Part = Columns | Bars | Facts | States


def shares(figures: Sequence[Figure]) -> list[float]:
    """Of the largest."""
    largest = max((figure.value for figure in figures), default=0)
    return [figure.value / largest if largest else 0.0 for figure in figures]
