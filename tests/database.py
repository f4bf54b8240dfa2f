"""The database that tests share: emptied after each that commits, and no connection to it lost."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from asgiref.sync import SyncToAsync
from django.contrib.contenttypes.management import create_contenttypes
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Async tests share one thread for the ORM; its connection must be gone before the database can be.

    Tests that commit empty all tables afterwards, which the audit log alone would refuse; what Django itself writes
    into them stays.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER accounts_audit_stays_whole")
    connection.ops.sql_flush = partial(emptying, connection.ops.sql_flush)  # type: ignore[method-assign]
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)
    yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


KEPT = {"auth_permission", "django_content_type"}


def emptying(truncating: Callable[..., list[str]], style: Any, tables: Sequence[str], **options: Any) -> list[str]:
    """TRUNCATE makes the files of all tables and indexes anew: seventy times what it takes to delete a few rows."""
    names = [table for table in tables if table not in KEPT]
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(pg_table_size(name::regclass)) FROM unnest(%s::text[]) AS name", [names])
        if cursor.fetchone()[0] > 2**20:
            return truncating(style, names, **options)
    deleting = "; ".join(f"DELETE FROM {connection.ops.quote_name(name)}" for name in names)  # noqa: S608
    return [f"SET LOCAL session_replication_role = replica; {deleting}"]  # in any order


@pytest.fixture(scope="session")
def _opened() -> Iterator[dict[BaseDatabaseWrapper, threading.Thread]]:
    opened: dict[BaseDatabaseWrapper, threading.Thread] = {}

    def note(connection: BaseDatabaseWrapper, **_: object) -> None:
        opened[connection] = threading.current_thread()

    connection_created.connect(note)
    yield opened
    connection_created.disconnect(note)


@pytest.fixture(autouse=True)
def _no_connection_is_lost(_opened: dict[BaseDatabaseWrapper, threading.Thread]) -> Iterator[None]:
    """A thread that ends without giving its connection back takes it from the pool for ever."""
    yield
    lost = []
    for opened, thread in list(_opened.items()):
        if not thread.is_alive():
            del _opened[opened]
            if opened.connection:
                lost.append(thread.name)
                opened.inc_thread_sharing()
                opened.close()
    assert not lost
