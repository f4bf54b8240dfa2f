"""What Django's own check finds of a house behind https:// is either right or keeps it from starting."""

import pytest
from django.core.management import call_command
from pytest_django import Settings

from config.running.exceptions import StartError
from config.running.preparation import refuse_what_is_unsafe


@pytest.fixture
def offered(settings: Settings) -> Settings:
    settings.SECURE = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECRET_KEY = "".join(chr(33 + number) for number in range(80))
    return settings


def test_behind_https_there_is_nothing_to_say(offered: Settings) -> None:
    call_command("check", "--deploy", "--fail-level", "WARNING")
    refuse_what_is_unsafe()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEBUG", True, "DEBUG"),
        ("SECRET_KEY", "short", "SECRET_KEY"),
        ("SESSION_COOKIE_SECURE", False, "SESSION_COOKIE_SECURE"),
        ("ALLOWED_HOSTS", ["*"], "ALLOWED_HOSTS"),
        ("SECURE_HSTS_SECONDS", 0, "SECURE_HSTS_SECONDS"),
    ],
)
def test_what_is_unsafe_does_not_start(offered: Settings, name: str, value: object, said: str) -> None:
    setattr(offered, name, value)
    with pytest.raises(StartError, match=said):
        refuse_what_is_unsafe()


def test_whoever_tries_it_out_on_this_machine_may(settings: Settings) -> None:
    settings.DEBUG = True
    refuse_what_is_unsafe()
