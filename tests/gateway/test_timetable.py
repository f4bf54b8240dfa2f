"""When a server is to be on: what the clock on the wall says, also on the days when it is put forward or back."""

from datetime import UTC, datetime

import pytest

from gateway.hours.timetable import Timetable, Unreadable

OFFICE = ["08:00-12:00, 13:00–18:00", "8:00-18:00", "", "", "08:00-24:00", "00:00-24:00", "00:00-09:00"]


def table(week: list[str] = OFFICE, exceptions: str = "", zone: str = "Europe/Berlin") -> Timetable:
    return Timetable.of(zone, week, exceptions)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30 06:59:59", False),  # a Monday; Berlin is an hour ahead
        ("2026-11-30 07:00", True),
        ("2026-11-30 11:00", False),  # noon
        ("2026-11-30 12:00", True),
        ("2026-11-30 17:00", False),
        ("2026-12-02 10:00", False),  # a Wednesday
        ("2026-12-04 23:30", True),  # from Friday on through the weekend
        ("2026-12-06 07:59", True),
        ("2026-12-06 08:00", False),
        ("2026-07-06 06:00", True),  # in summer two hours ahead
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(moment: str, is_open: bool) -> None:
    assert (table().opening(utc(moment)) is not None) == is_open


def test_hours_that_touch_are_one_opening() -> None:
    opening = table().opening(utc("2026-12-05 12:00"))
    assert opening
    assert (opening.start, opening.end) == (utc("2026-12-04 07:00"), utc("2026-12-06 08:00"))


def test_it_opens_next_on_the_next_day_that_has_hours() -> None:
    assert table().opens_at(utc("2026-12-01 18:00")) == utc("2026-12-04 07:00")
    assert table(exceptions="2026-12-04").opens_at(utc("2026-12-01 18:00")) == utc("2026-12-04 23:00")
    assert table([""] * 7).opens_at(utc("2026-12-01 18:00")) is None


def test_days_that_differ() -> None:
    differs = table(exceptions="2026-12-24..2027-01-01\n\n 2026-12-29 10:00-11:00 \n2026-12-02 08:00-09:00")
    assert differs.opening(utc("2026-12-28 10:00")) is None
    assert differs.opening(utc("2026-12-29 09:30"))  # the later line counts
    assert differs.opening(utc("2026-12-02 07:30"))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2027-03-28 00:30", False),  # at 1:00 UTC the clock goes from 2:00 to 3:00
        ("2027-03-28 01:30", True),
        ("2027-03-28 03:59", True),  # 5:59
        ("2027-03-28 04:00", False),
        ("2026-10-25 00:30", True),  # 2:30 for the first time
        ("2026-10-25 01:30", True),  # and for the second
        ("2026-10-25 04:59", True),
        ("2026-10-25 05:00", False),
    ],
)
def test_the_clock_may_be_put_forward_and_back(moment: str, is_open: bool) -> None:
    sundays = table([""] * 6 + ["02:00-06:00"])
    assert (sundays.opening(utc(moment)) is not None) == is_open


@pytest.mark.parametrize(
    ("week", "exceptions", "zone"),
    [
        (["18:00-08:00"] + [""] * 6, "", "Europe/Berlin"),
        (["08:00-25:00"] + [""] * 6, "", "Europe/Berlin"),
        (["08:00-12:60"] + [""] * 6, "", "Europe/Berlin"),
        (["08:00-12:00, 11:00-13:00"] + [""] * 6, "", "Europe/Berlin"),
        (["morgens"] + [""] * 6, "", "Europe/Berlin"),
        ([""] * 6, "", "Europe/Berlin"),
        ([""] * 7, "24.12.2026", "Europe/Berlin"),
        ([""] * 7, "2026-02-30", "Europe/Berlin"),
        ([""] * 7, "2026-12-24..2026-12-20", "Europe/Berlin"),
        ([""] * 7, "0001-01-01..9999-12-31", "Europe/Berlin"),
        ([""] * 7, "2026-12-24 geschlossen", "Europe/Berlin"),
        ([""] * 7, "", "Europe/Atlantis"),
        ([""] * 7, "", "../../etc/passwd"),
        ([""] * 7, "", ""),
        ([""] * 7, "", "Europe"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(week: list[str], exceptions: str, zone: str) -> None:
    with pytest.raises(Unreadable, match=r"\w"):
        table(week, exceptions, zone)
