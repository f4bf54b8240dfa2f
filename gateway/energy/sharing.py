"""Who consumed what of a window: at each moment, those who are answered then share alike.

While nobody is answered, what the server draws is idle: it is charged to nobody. How much of a window that is partly
busy was idle follows from the power when idle; where that is not known, or too much, from the time alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from gateway.energy.windows import Window


class Span(NamedTuple):
    """When a call was answered, in seconds since 1970; it may reach beyond the window."""

    call: UUID
    start: float
    end: float


@dataclass
class Share:
    joules: float = 0.0
    seconds: float = 0.0
    is_shared: bool = False


@dataclass
class Shares:
    of_calls: dict[UUID, Share] = field(default_factory=dict)
    busy_seconds: float = 0.0
    idle_joules: float = 0.0


def busy(window: Window, spans: Iterable[Span]) -> Shares:
    """How long each was answered, with its share of the busy time where `joules` will be."""
    edges = defaultdict[float, tuple[set[UUID], set[UUID]]](lambda: (set(), set()))  # who begins, who ends
    for span in spans:
        start, end = max(span.start, window.start), min(span.end, window.end)
        if start < end:
            edges[start][0].add(span.call)
            edges[end][1].add(span.call)
    found, answered, before = Shares(of_calls=defaultdict(Share)), set[UUID](), window.start
    for moment in sorted(edges):
        for call in answered:
            share = found.of_calls[call]
            share.seconds += moment - before
            share.joules += (moment - before) / len(answered)
            share.is_shared = share.is_shared or len(answered) > 1
        found.busy_seconds += moment - before if answered else 0
        answered = (answered | edges[moment][0]) - edges[moment][1]
        before = moment
    return found


def shared(window: Window, spans: Iterable[Span], idle_watts: float | None) -> Shares:
    found = busy(window, spans)
    idle_seconds = window.seconds - found.busy_seconds
    by_time = window.joules * idle_seconds / window.seconds
    by_power = by_time if idle_watts is None else idle_watts * idle_seconds
    found.idle_joules = min(by_time, by_power) if found.of_calls else window.joules
    watts = (window.joules - found.idle_joules) / found.busy_seconds if found.busy_seconds else 0.0
    for share in found.of_calls.values():
        share.joules *= watts
    return found
