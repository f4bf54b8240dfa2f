import pytest

from accounts.models import Membership, Team, User


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
