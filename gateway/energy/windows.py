"""From one reading to the next: how much energy went in between, or nothing where that cannot be said.

A counter that began anew, a GPU that came or went, another meter, a clock that jumped, a gap: all of these give no
figure. So does one that cannot be true.
"""

from typing import NamedTuple

from gateway.energy.reading import Reading

SHORTEST, LONGEST = 1.0, 300.0  # seconds; a counter bridges as much
LONGEST_BETWEEN_POWERS = 60.0  # seconds; nobody knows what was drawn in between
MOST_WATTS = 20_000.0  # of one GPU or plug, where no power is stated
TIMES_STATED = 10  # as much more than what is stated is a wrong unit


class Window(NamedTuple):
    start: float  # seconds since 1970
    end: float
    joules: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    @property
    def watts(self) -> float:
        return self.joules / self.seconds


def between(before: Reading, now: Reading) -> Window | None:
    seconds = now.at - before.at
    longest = LONGEST_BETWEEN_POWERS if now.is_power else LONGEST
    is_same = before.of == now.of and before.is_power == now.is_power and before.values.keys() == now.values.keys()
    if not is_same or not SHORTEST <= seconds <= longest:
        return None
    if now.is_power:
        joules = seconds * (sum(before.values.values()) + sum(now.values.values())) / 2
        return Window(before.at, now.at, joules)
    differences = [value - before.values[series] for series, value in now.values.items()]
    return None if min(differences) < 0 else Window(before.at, now.at, sum(differences))


def is_plausible(window: Window, series: int, stated_watts: int | None, busy_seconds: float) -> bool:
    most = stated_watts * TIMES_STATED if stated_watts else MOST_WATTS * series
    is_asleep_at_work = window.watts < 1 and busy_seconds > window.seconds / 2
    return window.watts <= most and not is_asleep_at_work
