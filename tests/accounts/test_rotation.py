"""Another key for secrets at rest: the old one is needed until all are encrypted anew, and no longer."""

from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts import encryption
from accounts.audit import AuditEvent, Kind
from accounts.models import IdentityProvider, User
from gateway.models import Upstream

pytestmark = pytest.mark.django_db
Keys = Callable[..., None]


@pytest.fixture
def keys(settings: Settings) -> Iterator[Keys]:
    def are(*keys: str) -> None:
        settings.ENCRYPTION_KEYS = list(keys)
        encryption._cipher.cache_clear()

    yield are
    encryption._cipher.cache_clear()


@pytest.fixture
def kept(keys: Keys, alice: User) -> None:
    keys("old")
    Upstream.objects.create(name="tower", api_key="sesam-1")
    Upstream.objects.create(name="open")
    IdentityProvider.objects.create(name="K", slug="k", issuer="https://k", client_secret="sesam-2")
    for kind, name in (("totp", "secret"), ("recovery_codes", "seed")):
        data = {name: get_adapter().encrypt(f"sesam-{kind}"), "used_mask": 3}
        Authenticator.objects.create(user=alice, type=kind, data=data)


def secrets() -> list[str]:
    factors = [factor.data for factor in Authenticator.objects.order_by("type")]
    return [
        Upstream.objects.get(name="tower").api_key,
        Upstream.objects.get(name="open").api_key,
        IdentityProvider.objects.get().client_secret,
        get_adapter().decrypt(factors[0]["seed"]),
        get_adapter().decrypt(factors[1]["secret"]),
    ]


ALL = ["sesam-1", "", "sesam-2", "sesam-recovery_codes", "sesam-totp"]


def test_with_the_old_key_behind_the_new_one_all_is_read(kept: None, keys: Keys) -> None:
    keys("new", "old")
    assert secrets() == ALL
    keys("new")
    with pytest.raises(InvalidToken):
        secrets()


def test_once_all_is_rotated_the_old_key_may_go(kept: None, keys: Keys) -> None:
    keys("new", "old")
    call_command("rotatesecrets")
    call_command("rotatesecrets")  # twice does no harm
    keys("new")
    assert secrets() == ALL
    assert Authenticator.objects.filter(data__used_mask=3).count() == 2
    assert [event.detail for event in AuditEvent.objects.filter(kind=Kind.SECRETS_ROTATED)] == ["4 encrypted anew"] * 2


def test_what_no_key_fits_is_named_and_left_and_the_rest_is_done(kept: None, keys: Keys) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE gateway_upstream SET api_key = 'no token' WHERE name = 'tower'")
    keys("new", "old")
    tower = Upstream.objects.values_list("pk", flat=True).get(name="tower")
    with pytest.raises(CommandError, match=f"gateway.upstream.api_key {tower}$"):
        call_command("rotatesecrets")
    keys("new")
    assert IdentityProvider.objects.get().client_secret == "sesam-2"


def test_a_new_secret_is_of_the_first_key(kept: None, keys: Keys) -> None:
    keys("new", "old")
    IdentityProvider.objects.create(name="L", slug="l", issuer="https://l", client_secret="sesam-3")
    keys("new")
    assert IdentityProvider.objects.get(slug="l").client_secret == "sesam-3"
