"""A house has an admin: nothing that is done here takes the last one away, whoever does it at the same moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from accounts.exceptions import LastAdmin
from accounts.models import User

LOCK = 0x5E7B  # any constant: the advisory lock that lets one at a time change who is an admin


def is_one_there() -> bool:
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@contextmanager
def one_stays() -> Iterator[None]:
    """Raises `LastAdmin`, and undoes what was done inside of it, when no active admin would be left."""
    with transaction.atomic():
        lock()
        was_there = is_one_there()
        yield
        if was_there and not is_one_there():
            raise LastAdmin
