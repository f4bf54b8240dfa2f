"""When a server is to be on: a week of hours in a time zone, and days that differ.

Hours are what the clock on the wall says. On the days when it is put forward or back they are as long as they are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

HOURS = re.compile(r"(\d\d?):(\d\d)\s*[-–]\s*(\d\d?):(\d\d)")
LINE = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s*\.\.\s*(\d{4}-\d\d-\d\d))?(?:\s+(.+))?")
DAYS = 7
AHEAD = 400  # days that are looked through for the next opening
MOST_EXCEPTIONS = 1000  # days
Minutes = tuple[int, int]  # of a day


class Unreadable(ValueError):
    """The sentence says what is wrong."""


@dataclass(frozen=True)
class Opening:
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Timetable:
    zone: ZoneInfo
    week: tuple[tuple[Minutes, ...], ...]
    exceptions: dict[date, tuple[Minutes, ...]]

    @classmethod
    def of(cls, zone: str, week: Sequence[str], exceptions: str) -> "Timetable":
        """Raises Unreadable."""
        try:
            known = ZoneInfo(zone)
        except (ValueError, KeyError, OSError) as error:  # by what is wrong with the name
            raise Unreadable(_("There is no time zone “%(name)s”.") % {"name": zone[:50]}) from error
        if len(week) != DAYS:
            raise Unreadable(_("A week has seven days."))
        return cls(known, tuple(_hours(day) for day in week), dict(_days(exceptions)))

    def openings(self, first: date, days: int) -> Iterator[Opening]:
        """Those that begin on these days; what touches is one."""
        at_hand: Opening | None = None
        for opening in self._single(first, days):
            if at_hand and opening.start <= at_hand.end:
                at_hand = Opening(at_hand.start, max(at_hand.end, opening.end))
                continue
            if at_hand:
                yield at_hand
            at_hand = opening
        if at_hand:
            yield at_hand

    def _single(self, first: date, days: int) -> Iterator[Opening]:
        for day in (first + timedelta(days=number) for number in range(days)):
            for start, end in self.exceptions.get(day, self.week[day.weekday()]):
                yield Opening(self._moment(day, start), self._moment(day, end))

    def _moment(self, day: date, minutes: int) -> datetime:
        day, minutes = day + timedelta(days=minutes // 1440), minutes % 1440
        return datetime.combine(day, time(minutes // 60, minutes % 60), self.zone).astimezone(UTC)

    def opening(self, now: datetime) -> Opening | None:
        """The one that lasts."""
        today = now.astimezone(self.zone).date()
        around = self.openings(today - timedelta(days=DAYS), DAYS + 2)
        return next((each for each in around if each.start <= now < each.end), None)

    def opens_at(self, now: datetime) -> datetime | None:
        """When the next one begins; None: not within a year."""
        today = now.astimezone(self.zone).date()
        ahead = self.openings(today - timedelta(days=1), AHEAD)
        return next((each.start for each in ahead if each.start > now), None)


def _hours(text: str) -> tuple[Minutes, ...]:
    """Of a day, in order; raises Unreadable."""
    spans = [_span(part.strip()) for part in text.split(",") if part.strip()]
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise Unreadable(_("“%(hours)s” overlap or are out of order.") % {"hours": text[:50]})
    return tuple(spans)


def _span(text: str) -> Minutes:
    found = HOURS.fullmatch(text)
    if not found:
        raise Unreadable(_("“%(hours)s” are no hours like 08:00-18:00.") % {"hours": text[:50]})
    hour, minute, last_hour, last_minute = map(int, found.groups())
    start, end = hour * 60 + minute, last_hour * 60 + last_minute
    if max(minute, last_minute) > 59 or not 0 <= start < end <= 1440:
        text = _("“%(hours)s” end before they begin, or the day has no such time.") % {"hours": text[:50]}
        raise Unreadable(text)
    return start, end


def _days(text: str) -> Iterator[tuple[date, tuple[Minutes, ...]]]:
    count = 0
    for line in filter(None, map(str.strip, text.splitlines())):
        found = LINE.fullmatch(line)
        try:
            first = date.fromisoformat(found[1]) if found else None
            last = date.fromisoformat(found[2]) if found and found[2] else first
        except ValueError:
            first = last = None
        if found is None or first is None or last is None or last < first:
            raise Unreadable(_("“%(line)s” is no day like 2026-12-24.") % {"line": line[:50]})
        count += (last - first).days + 1
        if count > MOST_EXCEPTIONS:
            raise Unreadable(_("These are too many exceptions."))
        hours = _hours(found[3] or "")
        for number in range((last - first).days + 1):
            yield first + timedelta(days=number), hours
