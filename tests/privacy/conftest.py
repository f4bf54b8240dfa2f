from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Membership, Team, User
from tests.gateway.conftest import aviary, base_url  # noqa: F401  (fixtures)


@pytest.fixture(autouse=True)
def _a_storage_of_its_own(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Vorstand")


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada@example.org", "sieben kluge Dohlen", name="Ada")


@pytest.fixture
def member(alice: User, team: Team) -> User:
    Membership.objects.create(user=alice, team=team)
    return alice
