"""The ledger's months: made ahead, filled from the last resort, dropped whole."""

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from gateway import partitions, retention
from gateway.models import Purpose, Usage, UsageTotal
from gateway.tasks import keep_ledger

pytestmark = pytest.mark.django_db
MAY = datetime(2024, 5, 1, tzinfo=UTC)
JUNE = datetime(2024, 6, 1, tzinfo=UTC)


def record(started_at: datetime, user: User | None = None, key: int | None = None) -> Usage:
    """A call and its sums, which are its own: no two of a test are alike."""
    amounts = {"input_tokens": 10, "output_tokens": 2, "cost": 5, "energy": 3, "duration_ms": 100}
    row = {"purpose": Purpose.API, "model": "wren", "user": user, "api_key_id": key, **amounts}
    day = started_at.replace(hour=0, minute=0, second=0)
    UsageTotal.objects.create(span="day", start=day, calls=1, **row)
    UsageTotal.objects.create(span="hour", start=started_at.replace(minute=0, second=0), calls=1, **row)
    return Usage.objects.create(id=uuid.uuid4(), status="done", started_at=started_at, **row)


def partition_of(usage: Usage) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM gateway_usage WHERE id = %s", [usage.id])
        return str(cursor.fetchone()[0])


@pytest.fixture
def _months_of_their_own(transactional_db: None) -> Iterator[None]:
    yield
    for name in partitions.existing():
        if partitions.NAME.fullmatch(name):
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {name}")


def test_this_month_and_two_ahead_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions.timezone, "now", lambda: datetime(2026, 11, 24, tzinfo=UTC))
    assert partitions.prepare() == ["gateway_usage_2026_11", "gateway_usage_2026_12", "gateway_usage_2027_01"]
    assert partitions.prepare() == []


def test_a_row_goes_into_its_month(db: None) -> None:
    partitions.prepare()
    usage = record(datetime.now(UTC))
    assert partition_of(usage) == partitions.name_of(datetime.now(UTC))


def test_rows_without_a_month_are_moved_into_one() -> None:
    usages = [record(MAY), record(datetime(2024, 5, 31, 23, 59, 59, tzinfo=UTC)), record(JUNE)]
    assert {partition_of(usage) for usage in usages} == {"gateway_usage_rest"}
    partitions.prepare()
    names = [partition_of(usage) for usage in usages]
    assert names == ["gateway_usage_2024_05", "gateway_usage_2024_05", "gateway_usage_2024_06"]


def test_a_months_table_has_the_ledgers_indexes() -> None:
    [name, *_] = partitions.prepare()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_indexes WHERE tablename IN (%s, 'gateway_usage') GROUP BY tablename", [name]
        )
        assert cursor.fetchall() == [(4,), (4,)]


@pytest.mark.usefixtures("_months_of_their_own")
def test_of_two_who_prepare_at_once_one_makes_each_month(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", "20s")  # on a busy machine, too
    made: list[str] = []
    record(MAY)
    start = threading.Barrier(4)

    def prepare() -> None:
        start.wait()
        made.extend(partitions.prepare())
        connections.close_all()

    threads = [threading.Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == len(set(made)) == 4


@pytest.mark.usefixtures("_months_of_their_own")
def test_a_table_in_use_is_left_for_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", "50ms")
    results: list[list[str]] = []

    def prepare() -> None:
        results.append(partitions.prepare())
        connections.close_all()

    with transaction.atomic():
        list(Usage.objects.all())  # somebody reads for a while
        thread = threading.Thread(target=prepare)
        thread.start()
        thread.join()
    assert (results, len(partitions.prepare())) == ([[]], 3)


def test_a_month_is_dropped_when_it_is_over() -> None:
    kept = record(JUNE)
    record(MAY, key=1), record(MAY, key=2)
    partitions.prepare()
    assert partitions.drop_before(datetime(2024, 5, 31, tzinfo=UTC)) == {}
    assert partitions.drop_before(JUNE) == {"gateway_usage_2024_05": 2}
    assert Usage.objects.get() == kept


def test_rows_and_hours_go_and_days_stay_without_persons(settings: Settings, alice: User, bob: User) -> None:
    settings.USAGE_RETENTION_MONTHS = 24
    for user, key in ((alice, None), (alice, 7), (bob, None), (None, None)):
        record(MAY, user, key)
    recent = record(datetime.now(UTC), alice)
    keep_ledger()
    assert Usage.objects.get() == recent
    old = UsageTotal.objects.get(start__lt=JUNE)
    assert (old.span, old.user_id, old.api_key_id) == ("day", None, None)
    assert (old.calls, old.input_tokens, old.output_tokens, old.cost, old.energy) == (4, 40, 8, 20, 12)
    assert UsageTotal.objects.filter(user=alice).count() == 2


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
def test_the_first_day_of_the_oldest_month_kept_is_whole(settings: Settings, alice: User, zone: str) -> None:
    settings.USAGE_RETENTION_MONTHS, settings.TIME_ZONE = 2, zone
    with timezone.override(zone):
        oldest = partitions.month_of(timezone.now(), -2)
        for days in (1, 0):
            midnight = timezone.make_aware(datetime(oldest.year, oldest.month, 1)) - timedelta(days=days)
            UsageTotal.objects.create(span="day", start=midnight, user=alice, model="wren", purpose="api")
        retention.apply()
    assert [total.start for total in UsageTotal.objects.filter(user=alice)] == [midnight]


def test_what_is_let_go_is_logged_with_its_count(
    settings: Settings, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    settings.USAGE_RETENTION_MONTHS = 1
    record(MAY, alice), record(MAY)
    partitions.prepare()
    caplog.set_level("INFO")
    retention.apply()
    assert "2 rows" in caplog.text and "2 sums by hour" in caplog.text and "1 sums by day" in caplog.text


def test_zero_months_keep_everything(settings: Settings, alice: User) -> None:
    settings.USAGE_RETENTION_MONTHS = 0
    record(MAY, alice)
    keep_ledger()
    assert (Usage.objects.count(), UsageTotal.objects.filter(user=alice).count()) == (1, 2)
