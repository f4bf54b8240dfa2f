import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Team, User
from accounts.roles import Role
from gateway.models import ApiKey, Scope
from tests.conftest import client_of
from tests.test_access import House, house  # noqa: F401  (a fixture)

Call = Callable[..., Any]
BASE = "/api/v1"


class Api:
    """A script: signed in like a person, or with a key. Every body it sends is JSON."""

    def __init__(self, client: Client, secret: str = "") -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, BASE + path, headers={**self.headers, **named}, **content)

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        return self("POST", path, body, **headers)

    def patch(self, path: str, body: object, **headers: str) -> Any:
        return self("PATCH", path, body, **headers)

    def change(self, path: str, body: object, method: str = "PATCH") -> Any:
        """Read, then changed."""
        return self(method, path, body, If_Match=self.get(path).headers["ETag"])


def signed_in(user: User) -> Api:
    return Api(client_of(user))


def with_key(user: User, *scopes: str, **fields: object) -> Api:
    key, secret = ApiKey.create(user, "script")
    ApiKey.objects.filter(pk=key.pk).update(scopes=list(scopes or Scope.values), **fields)
    return Api(Client(), secret)


@pytest.fixture
def api(alice: User) -> Api:
    return signed_in(alice)


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin@example.org", name="Ada")


@pytest.fixture
def auditor(db: None) -> User:
    user = User(email="auditor@example.org")
    user.role = Role.AUDITOR
    user.save()
    return user


@pytest.fixture
def lead(db: None) -> User:
    """Of a team that Alice is not in."""
    user = User.objects.create_user("lead@example.org", name="Lena")
    Membership.objects.create(user=user, team=Team.objects.create(name="Garten"), role=Membership.Role.LEAD)
    return user
