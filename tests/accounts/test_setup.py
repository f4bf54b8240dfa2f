from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.db import connection
from django.test import Client

from accounts import setup
from accounts.exceptions import AlreadySetUp, SetupLinkInvalid
from accounts.models import User

FORM = {"name": "Ada", "email": "Ada@Example.org", "password": "sieben kluge Dohlen"}
pytestmark = pytest.mark.django_db


def link() -> str:
    address = setup.setup_link()
    assert address
    return urlsplit(address).path


def test_the_link_makes_the_first_admin_and_signs_in() -> None:
    client = Client()
    assert client.post(link(), FORM)["Location"] == "/"
    admin = User.objects.get()
    assert (admin.email, admin.is_superuser, admin.check_password(FORM["password"])) == ("ada@example.org", True, True)
    assert client.session["_auth_user_id"] == str(admin.id)


def test_the_link_works_once() -> None:
    path = link()
    Client().post(path, FORM)
    assert Client().post(path, {**FORM, "email": "eve@example.org"}).status_code == 410
    assert User.objects.count() == 1 and setup.setup_link() is None


@pytest.mark.parametrize("token", ["x", "a:b", "first admin", "%00"])
def test_a_guessed_link_is_unknown(token: str) -> None:
    assert Client().get(f"/accounts/setup/{token}/").status_code == 404


def test_an_old_link_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    token = link().split("/")[-2]
    monkeypatch.setattr(setup, "LINK_MAX_AGE", -1)
    with pytest.raises(SetupLinkInvalid):
        setup.check_token(token)


def test_a_signature_for_something_else_opens_nothing() -> None:
    token = signing.TimestampSigner(salt="another").sign("first admin").partition(":")[2]
    with pytest.raises(SetupLinkInvalid):
        setup.check_token(token)


@pytest.mark.parametrize("password", ["short", "aaaa", "ada@example.org"])
def test_a_weak_password_is_refused(password: str) -> None:
    answer = Client().post(link(), {**FORM, "password": password})
    assert answer.status_code == 200 and not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_admin() -> None:
    def create(number: int) -> bool:
        try:
            setup.create_admin(f"admin{number}@example.org", "sieben kluge Dohlen")
        except AlreadySetUp:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 1
    assert User.objects.count() == 1
