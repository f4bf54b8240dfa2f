"""The ledger's monthly partitions: made ahead of time, dropped whole when their time is over.

Months are those of UTC. A partition's bounds are fixed once and for all, while the time zone is a setting: after a
change of it the next month would overlap the one before or leave a gap.

Nothing here waits long for a lock, for every call would wait behind it: what is in use now is left for the next time.
Until a month has its partition, its rows are in the last resort (`gateway_usage_rest`), from where they are moved.
"""

import contextlib
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from psycopg import sql
from psycopg.errors import LockNotAvailable

LOCK = 0x1ED6E2  # any constant: the advisory lock that lets one process at a time change partitions
PATIENCE = "2s"  # for the lock on a table that calls need
NAME = re.compile(r"gateway_usage_(\d{4})_(\d{2})")

MONTHS_LEFT_OVER = "SELECT DISTINCT date_trunc('month', started_at, 'UTC') FROM gateway_usage_rest"
ALL = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'gateway_usage'::regclass ORDER BY 1"
CREATE = "CREATE TABLE {month} (LIKE gateway_usage INCLUDING ALL)"
MOVE = """
    WITH moved AS (DELETE FROM gateway_usage_rest WHERE started_at >= {first} AND started_at < {end} RETURNING *)
    INSERT INTO {month} SELECT * FROM moved"""
ATTACH = "ALTER TABLE gateway_usage ATTACH PARTITION {month} FOR VALUES FROM ({first}) TO ({end})"

logger = logging.getLogger(__name__)


def prepare(months_ahead: int = 2) -> list[str]:
    """Make what is missing for this month, those ahead, and those of rows without one; return the names of the new."""
    months = {month_of(timezone.now(), ahead) for ahead in range(months_ahead + 1)} | _months_left_over()
    made = []
    for month in sorted(months):
        with _alone(name_of(month)) as cursor:
            if not _exists(cursor, name_of(month)):
                _make(cursor, month)
                made.append(name_of(month))
    return made


def drop_before(moment: datetime) -> dict[str, int]:
    """Drop the months that were over by then, with all their rows; return how many each had."""
    dropped = {}
    for name in existing():
        found = NAME.fullmatch(name)
        if found and month_of(datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC), 1) <= moment:
            with _alone(name) as cursor:
                if _exists(cursor, name):
                    dropped[name] = _drop(cursor, name)
    return dropped


def existing() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(ALL)
        return [name for (name,) in cursor.fetchall()]


def month_of(moment: datetime, months_later: int = 0) -> datetime:
    """When the month begins."""
    years, month = divmod(moment.astimezone(UTC).month - 1 + months_later, 12)
    return datetime(moment.astimezone(UTC).year + years, month + 1, 1, tzinfo=UTC)


def name_of(month: datetime) -> str:
    return f"gateway_usage_{month:%Y_%m}"


@contextlib.contextmanager
def _alone(name: str) -> Iterator[CursorWrapper]:
    """A transaction that nobody else changes partitions in; given up when the table is in use."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            yield cursor
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        logger.warning("The ledger's partition %s is left for the next time: it is in use.", name)


def _months_left_over() -> set[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(MONTHS_LEFT_OVER)
        return {month_of(month) for (month,) in cursor.fetchall()}


def _exists(cursor: CursorWrapper, name: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
    return bool(cursor.fetchone()[0])


def _make(cursor: CursorWrapper, month: datetime) -> None:
    parts = {
        "month": sql.Identifier(name_of(month)),
        "first": sql.Literal(month),
        "end": sql.Literal(month_of(month, 1)),
    }
    cursor.execute("LOCK TABLE gateway_usage_rest IN ACCESS EXCLUSIVE MODE")
    cursor.execute(sql.SQL(CREATE).format(**parts))
    cursor.execute(sql.SQL(MOVE).format(**parts))
    moved = cursor.rowcount
    cursor.execute(sql.SQL(ATTACH).format(**parts))
    logger.info("The ledger has a partition %s; %s rows are moved into it.", name_of(month), moved)


def _drop(cursor: CursorWrapper, name: str) -> int:
    table = sql.Identifier(name)
    cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(table))
    rows = int(cursor.fetchone()[0])
    cursor.execute(sql.SQL("DROP TABLE {}").format(table))
    return rows
