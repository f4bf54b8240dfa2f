"""An invitation is taken by a passkey alone. In a browser: tests/browser/test_people.py"""

import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from accounts import inviting
from accounts.audit import AuditEvent, Kind
from accounts.models import HouseRules, Invitation, User
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
FLAG = AuthenticatorData.FLAG
SEEN = FLAG.UP | FLAG.UV | FLAG.AT


@pytest.fixture
def link(db: None) -> str:
    ada = User.objects.create_superuser("ada@example.org", name="Ada")
    return urlsplit(inviting.invite(Invitation(), ada)).path + "?passkey"


def device(page: Any, flags: Any = SEEN, origin: str = "https://testserver") -> str:
    """What a new key answers to what the page asks."""
    asked = page.context["js_data"]["creation_options"]["publicKey"]
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    held = AttestedCredentialData.create(Aaguid.NONE, b"k" * 16, key)
    told = AuthenticatorData.create(hashlib.sha256(b"testserver").digest(), flags, 0, held)
    response = {
        "clientDataJSON": websafe_encode(CollectedClientData.create("webauthn.create", asked["challenge"], origin)),
        "attestationObject": websafe_encode(AttestationObject.create("none", told, {})),
    }
    name = websafe_encode(held.credential_id)
    return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def form(credential: str, email: str = "eve@example.org") -> dict[str, str]:
    return {"email": email, "name": "Eve", "credential": credential}


def test_somebody_comes_in_without_a_password(link: str) -> None:
    client = Client()
    page = client.get(link)
    handle = page.context["js_data"]["creation_options"]["publicKey"]["user"]["id"]
    assert client.post(link, form(device(page)))["Location"] == "/"
    eve = User.objects.get(email="eve@example.org")
    assert client.session["_auth_user_id"] == str(eve.pk) and not eve.has_usable_password()
    assert Authenticator.objects.get(user=eve).type == "webauthn" and handle  # by which the key names its person
    assert AuditEvent.objects.filter(kind=Kind.INVITATION_ACCEPTED, actor=eve).exists()
    assert Client().get(link).status_code == 404


def test_the_passkey_is_the_second_factor_too(link: str) -> None:
    HouseRules(second_factor_for=["member"]).save()
    client = Client()
    client.post(link, form(device(client.get(link))))
    assert client.get("/").status_code == 200


def test_each_answer_is_for_one_question(link: str) -> None:
    client, other = Client(), Client()
    page = client.get(link)
    other.get(link)
    assert other.post(link, form(device(page))).status_code == 200  # asked of another browser
    client.get(link)
    assert client.post(link, form(device(page))).status_code == 200  # and of an older page
    assert not User.objects.filter(name="Eve").exists()


@pytest.mark.parametrize(
    "wrong", [{"flags": FLAG.UP | FLAG.AT}, {"origin": "https://evil.example"}], ids=["nobody seen", "elsewhere"]
)
def test_a_key_that_saw_nobody_or_was_used_elsewhere_is_refused(link: str, wrong: dict[str, Any]) -> None:
    client = Client()
    assert client.post(link, form(device(client.get(link), **wrong))).status_code == 200
    assert not User.objects.filter(name="Eve").exists()


@pytest.mark.parametrize("nonsense", ["", "x", "[]", "5", "{}", '{"id": 1}', '{"id": "YQ"}', '{"response": []}'])
def test_nonsense_is_no_key(link: str, nonsense: str) -> None:
    client = Client()
    client.get(link)
    assert client.post(link, form(nonsense)).status_code == 200
    assert Client().post(link, form(nonsense)).status_code == 200  # who never saw the page
    assert not User.objects.filter(name="Eve").exists()


def test_an_address_that_is_taken_stays_whose_it_is(link: str, alice: User) -> None:
    client = Client()
    page = client.post(link, form(device(client.get(link)), alice.email))
    assert "already" in page.text and not Authenticator.objects.exists()
    assert client.post(link, form(device(page)))["Location"] == "/"


def test_the_page_without_it_asks_for_a_password(link: str, alice: User) -> None:
    page = Client().get(link.removesuffix("?passkey"))
    assert 'type="password"' in page.text and "?passkey" in page.text
    assert 'type="password"' not in client_of(alice).get(link).text
