"""The ledger as CSV, and its sums beside it."""

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone, translation

from accounts.models import AuditEvent, HouseRules, Membership, Team, User
from gateway import ledger, reports, spreadsheets
from gateway.models import ApiKey, Call, Deployment, Purpose, Upstream, Usage, UsageTotal

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 20, 12, tzinfo=BERLIN)


@pytest.fixture
def wren(db: None) -> Deployment:
    upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1", watts=300)
    return Deployment.objects.create(upstream=upstream, name="wren", model="wren")


def booked(wren: Deployment, user: User, started_at: datetime, tokens: int = 10, key: int | None = None) -> None:
    """A call of the past, through the ledger's own functions."""
    entry = {"id": str(uuid.uuid4()), "user": str(user.pk), "key": key, "purpose": "api", "rank": 0, "weight": 1}
    candidates = [{"id": wren.pk, "rank": 0, "weight": 1}]
    ledger.book_now([{"op": "reserve", **entry, "input_tokens": 1, "candidates": candidates, "holds": []}])
    Call.objects.update(started_at=started_at, admitted_at=started_at)
    amounts = {"requests": 1, "input_tokens": tokens, "output_tokens": 2, "cached_tokens": 0, "cost": 1_500_000}
    rest = {"estimated": False, "watts": 300, "first_token_ms": 5, "duration_ms": 60_000, "model": "wren"}
    ledger.book_now([{"op": "settle", "id": entry["id"], "status": "done", **amounts, **rest}])


def exported(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, str]]:
    call_command("exportusage", "--from=2026-11-01", "--to=2026-11-30", *options)
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_a_call_is_a_row(wren: Deployment, alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    booked(wren, alice, NOON)
    [row] = exported(capsys)
    assert (row["started_at"], row["user"], row["model"]) == ("2026-11-20T12:00:00+01:00", "alice@example.org", "wren")
    assert (row["upstream"], row["input_tokens"], row["output_tokens"]) == ("nest", "10", "2")
    assert (row["cost"], row["currency"], row["energy_wh"]) == ("1.5", "EUR", "5")


@pytest.mark.parametrize(("by", "starts"), [("hour", ["11:00", "12:00"]), ("day", ["00:00"])])
def test_sums_by_hour_and_day(
    wren: Deployment, alice: User, capsys: pytest.CaptureFixture[str], by: str, starts: list[str]
) -> None:
    for minutes in (0, 5, -5):
        booked(wren, alice, NOON + timedelta(minutes=minutes))
    rows = exported(capsys, f"--by={by}")
    assert [row["start"][11:16] for row in rows] == starts
    assert sum(int(row["calls"]) for row in rows) == 3


def test_the_last_day_counts_whole(wren: Deployment, alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    for moment in (datetime(2026, 11, 30, 23, 59, tzinfo=BERLIN), datetime(2026, 12, 1, tzinfo=BERLIN)):
        booked(wren, alice, moment)
    assert len(exported(capsys)) == 1


def test_of_one_team_alone(wren: Deployment, alice: User, bob: User, capsys: pytest.CaptureFixture[str]) -> None:
    Membership.objects.create(user=bob, team=Team.objects.create(name="Owls"))
    booked(wren, alice, NOON), booked(wren, bob, NOON)
    assert [row["user"] for row in exported(capsys, "--team=owls")] == ["bob@example.org"]
    with pytest.raises(CommandError, match="no team"):
        exported(capsys, "--team=finches")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_name_becomes_a_formula(
    wren: Deployment, alice: User, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    booked(wren, alice, NOON, key=ApiKey.create(alice, name)[0].pk)
    assert exported(capsys)[0]["api_key"] == f"'{name}"


def test_whoever_is_gone_leaves_a_row(wren: Deployment, alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    booked(wren, alice, NOON)
    gone = str(alice.pk)
    alice.delete()
    assert [(row["user"], row["user_id"]) for row in exported(capsys)] == [("", gone)]


@pytest.mark.parametrize("rows", [0, 1, 3, 4, 7])
def test_blocks_leave_out_nothing_and_repeat_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rows: int
) -> None:
    monkeypatch.setattr(spreadsheets, "BLOCK", 2)
    row = {"purpose": Purpose.API, "status": "done", "input_tokens": 1, "output_tokens": 1, "duration_ms": 1}
    ids = [str(Usage.objects.create(id=uuid.uuid4(), started_at=NOON, **row).id) for _ in range(rows)]
    assert sorted(row["call"] for row in exported(capsys)) == sorted(ids)


def test_for_excel_in_germany(wren: Deployment, alice: User, tmp_path: Path) -> None:
    booked(wren, alice, NOON)
    with translation.override("de"):
        call_command("exportusage", "--from=2026-11-01", "--to=2026-11-30", "--excel", f"--output={tmp_path / 'x.csv'}")
    text = (tmp_path / "x.csv").read_bytes().decode("utf-8")
    assert text.startswith("\ufeffstarted_at;") and ";1,5;" in text
    assert (tmp_path / "x.csv").stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_there_is_its_owners_alone_too(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("of last month")
    path.chmod(0o644)
    call_command("exportusage", f"--output={path}")
    assert path.stat().st_mode & 0o777 == 0o600


def test_in_works_council_mode_nothing_is_exported_and_who_tried_is_noted(
    wren: Deployment, alice: User, capsys: pytest.CaptureFixture[str]
) -> None:
    HouseRules(works_council=True).save()
    booked(wren, alice, NOON)
    with pytest.raises(CommandError, match="works-council mode"):
        exported(capsys)
    assert AuditEvent.objects.get(kind="glass-looked", outcome="refused").detail == "exportusage"


# midnight and the month's turn in Berlin and in UTC, and both days on which the clock is changed
TURNS = [(2026, 11, 30, 23), (2026, 10, 31, 22), (2026, 10, 25, 0), (2026, 3, 29, 0), (2026, 12, 31, 22)]


@pytest.mark.parametrize("turn", TURNS)
def test_the_sums_agree_with_the_rows_over_every_turn(wren: Deployment, alice: User, turn: tuple[int, ...]) -> None:
    moments = [datetime(*turn, 1, tzinfo=UTC) + timedelta(minutes=30 * step) for step in range(8)]
    for tokens, moment in enumerate(moments):
        booked(wren, alice, moment, tokens)
    expected: dict[tuple[str, datetime], int] = {}
    for tokens, moment in enumerate(moments):
        day = moment.astimezone(BERLIN).replace(hour=0, minute=0)
        for place in (("day", day.astimezone(UTC)), ("hour", moment.replace(minute=0))):
            expected[place] = expected.get(place, 0) + tokens
    assert {(total.span, total.start): total.input_tokens for total in UsageTotal.objects.all()} == expected
    assert reports.disagreements(moments[0] - timedelta(days=2)) == []


def test_a_sum_that_differs_is_found(wren: Deployment, alice: User) -> None:
    booked(wren, alice, timezone.now())
    since = timezone.now() - timedelta(days=2)
    UsageTotal.objects.filter(span="day").update(cost=F("cost") + 1)
    [found] = reports.disagreements(since)
    assert (found.span, found.model, found.calls) == ("day", "wren", 0)


def test_a_lost_row_is_found(wren: Deployment, alice: User) -> None:
    booked(wren, alice, timezone.now())
    Usage.objects.all()._raw_delete("default")
    found = reports.disagreements(timezone.now() - timedelta(days=2))
    assert {(one.span, one.calls) for one in found} == {("hour", -1), ("day", -1)}
