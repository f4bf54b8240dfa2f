"""Redis may be lost at any moment."""

import socket
import time
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from config.cache import ForgivingCache
from config.running.ports import free_port

PASSWORD = "a long password"


def move_cache(settings: Settings, port: int) -> None:
    default = settings.CACHES["default"] | {"LOCATION": f"redis://127.0.0.1:{port}/0"}
    settings.CACHES = {"default": default}


@pytest.fixture(params=["closed", "mute"])
def without_redis(request: pytest.FixtureRequest, settings: Settings) -> Iterator[None]:
    """Nothing listens at its port, or something that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        move_cache(settings, free_port() if request.param == "closed" else mute.getsockname()[1])
        yield
    ForgivingCache._away_until = 0


@pytest.mark.django_db
@pytest.mark.parametrize(("password", "status"), [(PASSWORD, 302), ("a wrong password", 200)])
def test_people_sign_in_while_redis_is_away(without_redis: None, password: str, status: int) -> None:
    User.objects.create_user("alice@example.org", PASSWORD)
    form = {"login": "alice@example.org", "password": password}
    assert Client().post("/accounts/login/", form).status_code == status


def test_a_cache_that_is_away_holds_nothing_and_says_so_once(
    without_redis: None, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    cache.set("bird", "wren")
    assert (cache.get("bird", "none"), cache.add("bird", "wren"), cache.delete("bird")) == ("none", True, False)
    assert time.monotonic() - began < 3
    assert [record.name for record in caplog.records].count("config.cache") == 1


def test_a_cache_that_is_there_holds_what_it_is_given() -> None:
    cache.set("bird", "wren")
    assert (cache.get("bird"), cache.add("bird", "finch"), cache.delete("bird")) == ("wren", False, True)


def test_redis_is_asked_again_when_it_is_back(settings: Settings) -> None:
    there = settings.CACHES
    move_cache(settings, free_port())
    cache.set("bird", "wren")
    settings.CACHES = there
    cache.set("bird", "wren")
    assert cache.get("bird") is None
    ForgivingCache._away_until = 0  # as after the pause
    cache.set("bird", "wren")
    assert cache.get("bird") == "wren"
