import pytest
from django.test import Client
from pytest_django import Settings

from config.running.ports import free_port


def test_healthz_needs_no_database() -> None:
    assert Client().get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_readyz_names_what_is_there() -> None:
    answer = Client().get("/readyz").json()
    there = dict.fromkeys(["ready", "database", "pgvector", "migrations", "redis"], True)
    assert answer == there | {"upstreams": 0}


@pytest.mark.django_db
def test_readyz_misses_redis(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["redis"], response.json()["database"]) == (503, False, True)
