"""Three people with fixed rights: Alice owns, Bob is shared with, Charlie is a stranger."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from accounts import notices, rules, sessions
from accounts.models import User
from gateway import fresh, health
from tests.database import _no_connection_is_lost, _opened, django_db_setup  # noqa: F401  (fixtures)
from tests.fake_upstream import FakeUpstream


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.org", name="Alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob@example.org", name="Bob")


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_user("charlie@example.org", name="Charlie")


UNKNOWN = "7c9e6679-7425-40de-944b-e07fc1f90ae7"  # the id of nothing; the same in all processes that test
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def alices_client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def bobs_client(bob: User) -> Client:
    return client_of(bob)


@pytest.fixture
def charlies_client(charlie: User) -> Client:
    return client_of(charlie)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _every_change_is_seen_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a server it takes up to two seconds."""
    monkeypatch.setattr(fresh, "SECONDS", 0)
    fresh.forget()
    health.forget()


@pytest.fixture(autouse=True)
def _nothing_is_remembered_of_another_test() -> None:
    rules.forget()
    notices.forget()
    sessions.forget()
    translation.deactivate()  # a request leaves its language to the thread


@pytest.fixture
def fake_upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as server:
        yield server


@pytest.fixture(autouse=True)
def _uncollected_static_files(settings: Settings) -> None:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
