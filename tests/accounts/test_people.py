import pytest
from django.db import IntegrityError
from django.test import Client

from accounts.models import User
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
PASSWORD = "sieben kluge Dohlen"


def sign_in(email: str, password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_signing_in_ignores_the_case_of_the_address() -> None:
    User.objects.create_user("Ada@example.org", PASSWORD)
    assert is_in(sign_in("ADA@Example.ORG"))


def test_a_wrong_password_and_an_unknown_address_look_alike() -> None:
    User.objects.create_user("ada@example.org", PASSWORD)
    answers = [
        Client().post("/accounts/login/", {"login": login, "password": "falsch geraten"})
        for login in ("ada@example.org", "eve@example.org")
    ]
    errors = [answer.context["form"].non_field_errors() for answer in answers]
    assert len(errors[0]) == 1 and errors[0] == errors[1]


def test_guessing_passwords_is_slowed_down() -> None:
    User.objects.create_user("ada@example.org", PASSWORD)
    for _ in range(12):
        sign_in("ada@example.org", "falsch geraten")
    assert not is_in(sign_in("ada@example.org"))


def test_who_is_deactivated_cannot_sign_in() -> None:
    User.objects.create_user("ada@example.org", PASSWORD, is_active=False)
    assert not is_in(sign_in("ada@example.org"))


def test_who_is_deactivated_is_out_at_once(alice: User) -> None:
    client = client_of(alice)
    User.objects.filter(id=alice.id).update(is_active=False)
    assert client.get("/").status_code == 302


def test_nobody_signs_up() -> None:
    form = {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)
    assert not User.objects.exists()


def test_two_people_cannot_share_an_address_in_other_letters(alice: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create(email="ALICE@example.org")


def test_passwords_are_kept_as_argon2id(alice: User) -> None:
    alice.set_password(PASSWORD)
    assert alice.password.startswith("argon2$argon2id$")


def test_the_chosen_language_wins_over_the_browsers(alice: User) -> None:
    User.objects.filter(id=alice.id).update(language="de")
    html = client_of(alice).get("/", headers={"accept-language": "en"}).content.decode()
    assert '<html lang="de"' in html and "Neuer Chat" in html


def test_the_panels_sign_in_is_the_same() -> None:
    assert Client().get("/admin/login/")["Location"].startswith("/accounts/login/")


def test_the_policy_is_strict_everywhere_but_in_the_panel(alice: User) -> None:
    assert "unsafe" not in client_of(alice).get("/")["Content-Security-Policy"]
    alice.is_staff = alice.is_superuser = True
    alice.save()
    assert "'unsafe-eval'" in client_of(alice).get("/admin/")["Content-Security-Policy"]
