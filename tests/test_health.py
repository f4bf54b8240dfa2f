import pytest
from django.test import Client


def test_healthz_needs_no_database() -> None:
    assert Client().get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_readyz_names_what_is_there() -> None:
    answer = Client().get("/readyz").json()
    assert answer == {"ready": True, "database": True, "migrations": True, "redis": True, "upstreams": 0}
