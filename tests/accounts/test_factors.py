"""An authenticator app and recovery codes; passkeys are for a browser: tests/browser/test_people.py"""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import factors, rules
from accounts.audit import AuditEvent, Kind
from accounts.models import HouseRules, Membership, Team, User
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
PASSWORD = "sieben kluge Dohlen"


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")


def code_of(secret: str) -> str:
    return auth.format_hotp_value(auth.hotp_value(secret, next(auth.yield_hotp_counters_from_time())))


def sign_in(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def set_up(user: User) -> tuple[Client, str]:
    """An app, by the pages; its key comes back. The code that was used once is no obstacle to the test."""
    client = sign_in(user)
    html = client.get(reverse("mfa_activate_totp")).content.decode()
    [secret] = re.findall(r'<code class="totp-key">(\w+)</code>', html)
    assert client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}).status_code == 302
    cache.clear()
    return client, secret


def require(*roles: str) -> None:
    HouseRules(second_factor_for=list(roles)).save()


def test_with_an_app_the_password_alone_opens_nothing(ada: User) -> None:
    _, secret = set_up(ada)
    client = sign_in(ada)
    assert not is_in(client) and client.get("/").status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert not is_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert is_in(client)
    assert AuditEvent.objects.filter(kind=Kind.SIGN_IN_FAILED, detail="second factor").count() == 1
    assert AuditEvent.objects.filter(kind=Kind.SIGNED_IN).latest("id").detail == "password, totp"


def test_a_code_opens_once(ada: User) -> None:
    _, secret = set_up(ada)
    code = code_of(secret)
    first, second = sign_in(ada), sign_in(ada)
    first.post(reverse("mfa_authenticate"), {"code": code})
    second.post(reverse("mfa_authenticate"), {"code": code})
    assert (is_in(first), is_in(second)) == (True, False)


def test_codes_cannot_be_guessed_at_will(ada: User) -> None:
    _, secret = set_up(ada)
    client = sign_in(ada)
    for number in range(12):
        client.post(reverse("mfa_authenticate"), {"code": f"{number:06}"})
    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert not is_in(client)


def test_a_recovery_code_opens_once(ada: User) -> None:
    client, _ = set_up(ada)
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert len(codes) == 10
    first, second = sign_in(ada), sign_in(ada)
    first.post(reverse("mfa_authenticate"), {"code": codes[0]})
    second.post(reverse("mfa_authenticate"), {"code": f" {codes[0]} "})  # in other spelling it is the same one
    assert (is_in(first), is_in(second)) == (True, False)


def test_secrets_are_encrypted_at_rest(ada: User) -> None:
    _, secret = set_up(ada)
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))


def test_the_panel_has_no_other_door(ada: User) -> None:
    set_up(ada)
    client = sign_in(ada)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith("/accounts/login/")
    client.post("/admin/login/", {"username": ada.email, "password": PASSWORD})
    assert not is_in(client)


def test_factors_are_changed_by_who_showed_lately_who_they_are(ada: User) -> None:
    client = client_of(ada)  # signed in, but nobody knows when and how
    for name in ("mfa_activate_totp", "mfa_add_webauthn"):
        answer = client.get(reverse(name))
        assert answer.status_code == 302 and "reauthenticate" in answer["Location"]
    again = client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": reverse("mfa_activate_totp")})
    assert again["Location"] == reverse("mfa_activate_totp")
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


# --- who must have one


def test_who_must_have_one_is_led_to_it_before_anything_else(ada: User, alice: User) -> None:
    require("admin")
    client = sign_in(ada)
    for address in ("/", "/admin/", "/knowledge/", "/accounts/preferences/", "/accounts/password/change/", "/keys/"):
        answer = client.get(address)
        assert (answer.status_code, answer.get("Location")) == (302, reverse("mfa_index")), address
    assert client.get("/", headers={"accept": "application/json"}).json()["error"] == "second_factor_missing"
    html = client.get(reverse("mfa_index")).content.decode()
    assert "Your role asks for a second factor" in html and "/knowledge/" not in html
    client, _ = set_up(ada)
    assert client.get("/admin/").status_code == 200
    assert client_of(alice).get("/accounts/preferences/").status_code == 200


def test_nothing_is_done_by_a_form_either(ada: User) -> None:
    require("admin")
    client = sign_in(ada)
    form = {"email": "eve@example.org", "name": "Eve", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/admin/accounts/user/add/", form)
    assert User.objects.count() == 1


@pytest.mark.parametrize("role", ["member", "lead", "auditor", "admin"])
def test_it_is_asked_of_the_roles_that_were_chosen(role: str, bob: User) -> None:
    require(role)
    bob.is_superuser, bob.is_staff = role == "admin", role in ("admin", "auditor")
    bob.save()
    team = Team.objects.create(name="Vorstand")
    Membership.objects.create(user=bob, team=team, role="lead" if role == "lead" else "member")
    assert factors.is_required_of(bob)
    require(*({"member", "lead", "auditor", "admin"} - {role, "member" if role == "lead" else ""}))
    assert not factors.is_required_of(bob)


def test_recovery_codes_alone_are_no_second_factor(ada: User) -> None:
    require("admin")
    Authenticator.objects.create(user=ada, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "x"})
    assert sign_in(ada).get("/").status_code == 302


def test_the_last_factor_stays_where_one_is_required(ada: User) -> None:
    client, _ = set_up(ada)
    require("admin")
    client.post(reverse("mfa_deactivate_totp"))
    assert factors.has_one(ada)
    require()
    client.post(reverse("mfa_deactivate_totp"))
    assert not factors.has_one(ada)


def test_a_rule_takes_effect_within_seconds(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in(ada)
    assert client.get("/accounts/preferences/").status_code == 200
    HouseRules.objects.update_or_create(pk=1, defaults={"second_factor_for": ["admin"]})
    monkeypatch.setattr(rules.time, "monotonic", lambda clock=rules.time.monotonic: clock() + rules.REMEMBERED)
    assert client.get("/accounts/preferences/").status_code == 302


def test_who_lost_their_factors_gets_rid_of_them_by_an_admin(ada: User, alice: User) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    set_up(alice)
    form = {"action": "take_factors", "_selected_action": str(alice.pk)}
    client_of(ada).post(reverse("admin:accounts_user_changelist"), form)
    assert is_in(sign_in(alice))
    assert AuditEvent.objects.filter(kind=Kind.FACTOR_REMOVED, actor=ada, object_id=str(alice.pk)).exists()
