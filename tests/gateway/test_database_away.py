"""The database goes away for a moment: calls under way end well, new ones are told, and later all is as it was."""

import concurrent.futures
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from asgiref.sync import SyncToAsync
from django.db import connection, connections
from psycopg import sql

from accounts.models import User
from gateway.models import Quota, Upstream
from tests.fake_upstream import FakeUpstream
from tests.gateway.faults import ask, books_agree


@pytest.fixture
def http(base_url: str, secret: str, alice: User) -> httpx2.Client:
    Quota.objects.create(user=alice, limit=1_000_000)
    return httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {secret}"}, timeout=30)


@contextlib.contextmanager
def no_database() -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    about: dict[str, Any] = {
        key: connection.get_connection_params().get(key) for key in ("host", "port", "user", "password")
    }
    connections.close_all()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()  # what async tests left open there
    connection.close_pool()  # type: ignore[attr-defined]  # not with what earlier tests left in it
    pool = connection.pool  # type: ignore[attr-defined]
    patience, pool.timeout = pool.timeout, 0.5
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format
    with psycopg.connect(dbname="postgres", autocommit=True, **about) as admin:
        admin.execute(allow(sql.Identifier(name), sql.SQL("false")))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(allow(sql.Identifier(name), sql.SQL("true")))
            pool.timeout = patience


@pytest.mark.parametrize("words", [5, 30])  # the end comes while it is away, and after it
def test_a_call_under_way_ends_well_and_new_ones_are_told(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, words: int
) -> None:
    fake_upstream.reply(" ".join(["piep"] * words), delay=0.1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(ask, http)
        fake_upstream.wait_for(lambda server: server.calls and server.calls[0].tokens_sent)
        with no_database():
            refused = [ask(http, stream) for stream in (True, False)]
            time.sleep(1)
        assert running.result().said.count("piep") == words
    assert {(found.status, found.code) for found in refused} == {(503, "service_unavailable")}
    assert ask(http).status == 200
    assert {usage.status for usage in books_agree(alice, rows=2)} == {"done"}


def test_a_failure_upstream_meanwhile_is_told_as_what_it_is(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream
) -> None:
    Upstream.objects.update(first_token_timeout=1)
    fake_upstream.hang()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(ask, http)
        fake_upstream.wait_for(lambda server: server.calls)
        with no_database():
            time.sleep(2)
        assert (running.result().status, running.result().code) == (504, "upstream_timeout")
    assert books_agree(alice)[0].status == "failed"


def names_of_upstreams() -> list[str]:
    with contextlib.closing(connection):
        return [upstream.name for upstream in Upstream.objects.all()]


def test_who_waits_for_the_database_is_served_soon_after_it_is_back(aviary: Upstream) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with no_database():
            connection.pool.timeout = 30  # type: ignore[attr-defined]
            waiting = pool.submit(names_of_upstreams)
            time.sleep(5)  # longer than it is tried to connect
        assert waiting.result(4) == ["aviary"]
