"""Single sign-on: the whole way through, against a provider that may lie. In a browser: tests/browser/test_people.py"""

import time
from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.audit import AuditEvent, Kind
from accounts.models import GroupMapping, HouseRules, IdentityProvider, Membership, Team, User
from accounts.oidc import ProviderAdapter
from tests.conftest import client_of
from tests.fake_identity import CLIENT, SECRET, Claims, FakeIdentity
from tests.outside import Names, Server, inside, names, outside

__all__ = ["inside", "names", "outside"]

pytestmark = pytest.mark.django_db
PASSWORD = "sieben kluge Dohlen"


@pytest.fixture
def there() -> Iterator[FakeIdentity]:
    with FakeIdentity() as server:
        yield server


@pytest.fixture
def provider(there: FakeIdentity) -> IdentityProvider:
    return IdentityProvider.objects.create(
        name="Keycloak", slug="keycloak", issuer=there.issuer, client_id=CLIENT, client_secret=SECRET
    )


def go(client: Client, there: FakeIdentity, **form: str) -> dict[str, str]:
    """To the provider; returns what it was told in the address."""
    page = client.post(reverse("openid_connect_login", args=["keycloak"]), form).content.decode()
    address = unescape(page.partition('content="0;url=')[2].partition('"')[0])
    assert address.startswith(f"{there.issuer}/auth?")
    told = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    there.nonce = told["nonce"]
    return told


def come_back(client: Client, told: dict[str, str]) -> object:
    address = urlsplit(told["redirect_uri"]).path
    return client.get(address, {"state": told["state"], "code": "c"})


def through(there: FakeIdentity, client: Client | None = None, **form: str) -> Client:
    client = client or Client()
    come_back(client, go(client, there, **form))
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_who_comes_for_the_first_time_gets_an_account(there: FakeIdentity, provider: IdentityProvider) -> None:
    client = through(there)
    eve = User.objects.get()
    assert is_in(client) and (eve.email, eve.name, eve.has_usable_password()) == ("eve@example.org", "Eve", False)
    assert there.asked[0]["client_secret"] == SECRET and len(there.asked[0]["code_verifier"]) >= 43
    there.claims |= {"email": "eve.new@example.org"}  # the subject is who they are, not the address
    through(there)
    assert User.objects.count() == 1 and SocialAccount.objects.get().extra_data == {}
    assert not SocialToken.objects.exists()
    assert AuditEvent.objects.filter(kind=Kind.SIGNED_IN, actor=eve, detail="socialaccount").count() == 2


FORGED: dict[str, Callable[[FakeIdentity], None]] = {}


def forgery(function: Callable[[FakeIdentity], None]) -> Callable[[FakeIdentity], None]:
    FORGED[function.__name__] = function
    return function


def altered(name: str, change: Callable[[Claims], Claims]) -> None:
    def alter(there: FakeIdentity) -> None:
        there.change = change

    FORGED[name] = alter


altered("another issuer", lambda claims: claims | {"iss": "https://evil.example.org"})
altered("another audience", lambda claims: claims | {"aud": "another-client"})
altered("several audiences", lambda claims: claims | {"aud": [CLIENT, "another-client"]})
altered("another party", lambda claims: claims | {"azp": "another-client"})
altered("another nonce", lambda claims: claims | {"nonce": "of-another-sign-in"})
altered("no nonce", lambda claims: {name: value for name, value in claims.items() if name != "nonce"})
altered("expired", lambda claims: claims | {"exp": int(time.time()) - 60})
altered("without end", lambda claims: {name: value for name, value in claims.items() if name != "exp"})
altered("from the future", lambda claims: claims | {"iat": int(time.time()) + 3600, "nbf": int(time.time()) + 3600})
altered("nobody", lambda claims: {name: value for name, value in claims.items() if name != "sub"})


@forgery
def unsigned(there: FakeIdentity) -> None:
    there.sign = lambda claims: jwt.encode(claims, None, "none")


@forgery
def signed_by_another(there: FakeIdentity) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    there.sign = lambda claims: jwt.encode(claims, other, "RS256", headers={"kid": "1"})


@forgery
def signed_by_an_unknown_key(there: FakeIdentity) -> None:
    there.sign = lambda claims: jwt.encode(claims, there.key, "RS256", headers={"kid": "2"})


@forgery
def signed_with_our_own_secret(there: FakeIdentity) -> None:
    there.sign = lambda claims: jwt.encode(claims, SECRET * 8, "HS256", headers={"kid": "1"})


@forgery
def cut_off(there: FakeIdentity) -> None:
    there.sign = lambda claims: there.signed(claims).rpartition(".")[0] + "."


@forgery
def nonsense(there: FakeIdentity) -> None:
    there.sign = lambda claims: "x"


@pytest.mark.parametrize("name", FORGED)
def test_what_is_not_in_order_opens_nothing(there: FakeIdentity, provider: IdentityProvider, name: str) -> None:
    FORGED[name](there)
    client = Client()
    answer = come_back(client, go(client, there))
    assert answer.status_code == 401 and not is_in(client) and not User.objects.exists()
    assert AuditEvent.objects.filter(kind=Kind.SIGN_IN_FAILED, detail="single sign-on: keycloak").count() == 1


def test_a_callback_opens_once_and_for_its_own_browser(there: FakeIdentity, provider: IdentityProvider) -> None:
    client = Client()
    told = go(client, there)
    assert come_back(Client(), told).status_code == 401
    come_back(client, told)
    client.post("/accounts/logout/")
    assert come_back(client, told).status_code == 401 and not is_in(client)


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://evil.example.org"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://evil.example.org/token"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_description_that_leads_elsewhere_is_not_followed(
    there: FakeIdentity, provider: IdentityProvider, configuration: Claims
) -> None:
    there.configuration = configuration
    assert Client().post(reverse("openid_connect_login", args=["keycloak"])).status_code == 503


def test_while_it_is_away_people_are_told_and_sign_in_here(provider: IdentityProvider, alice: User) -> None:
    provider.issuer = "http://127.0.0.1:1/realms/haus"
    provider.save()
    answer = Client().post(reverse("openid_connect_login", args=["keycloak"]))
    assert answer.status_code == 503 and b"cannot be reached" in answer.content
    alice.set_password(PASSWORD)
    alice.save()
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    assert is_in(client)


def test_an_address_alone_takes_over_no_account(there: FakeIdentity, provider: IdentityProvider, alice: User) -> None:
    there.claims |= {"email": "ALICE@example.org", "email_verified": True}
    client = Client()
    answer = come_back(client, go(client, there))
    assert answer.status_code == 409 and b"already" in answer.content and not is_in(client)
    assert not SocialAccount.objects.exists() and User.objects.count() == 1


def test_who_is_signed_in_connects_the_two(there: FakeIdentity, provider: IdentityProvider, alice: User) -> None:
    there.claims |= {"email": alice.email}
    client = client_of(alice)
    through(there, client, process="connect", next="/accounts/connections/")
    assert SocialAccount.objects.get().user == alice
    later = through(there)
    assert later.session["_auth_user_id"] == str(alice.pk)
    alice.set_password(PASSWORD)
    alice.save()
    later = through(there)
    later.post("/accounts/connections/", {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()


def test_a_stranger_cannot_connect_what_belongs_to_another(
    there: FakeIdentity, provider: IdentityProvider, charlie: User
) -> None:
    through(there)
    through(there, client_of(charlie), process="connect")
    assert SocialAccount.objects.get().user.email == "eve@example.org"


def test_without_an_address_nobody_gets_an_account(there: FakeIdentity, provider: IdentityProvider) -> None:
    there.claims = there.userinfo = {"sub": "eve-1"}
    client = Client()
    assert come_back(client, go(client, there)).status_code == 409 and not User.objects.exists()
    there.userinfo = {"sub": "somebody else", "email": "x@example.org"}
    assert come_back(client, go(client, there)).status_code == 401 and not User.objects.exists()
    there.userinfo = {"sub": "eve-1", "email": "eve@example.org"}
    assert is_in(through(there))


def test_a_provider_may_be_for_those_who_are_here_already(there: FakeIdentity, provider: IdentityProvider) -> None:
    IdentityProvider.objects.update(admits_new=False)
    assert not is_in(through(there)) and not User.objects.exists()


def test_who_is_deactivated_does_not_come_in_by_another_door(there: FakeIdentity, provider: IdentityProvider) -> None:
    through(there)
    User.objects.update(is_active=False)
    assert not is_in(through(there))


@pytest.mark.parametrize("address", ["openid_connect_login", "openid_connect_callback", "oidc_backchannel_logout"])
def test_a_provider_that_is_switched_off_is_not_there(
    there: FakeIdentity, provider: IdentityProvider, address: str
) -> None:
    IdentityProvider.objects.update(is_active=False)
    assert Client().post(reverse(address, args=["keycloak"])).status_code == 404
    assert Client().post(reverse(address, args=["unknown"])).status_code == 404
    assert b"Keycloak" not in Client().get("/accounts/login/").content


def test_signing_in_is_asked_for_by_a_form(provider: IdentityProvider) -> None:
    assert Client().get(reverse("openid_connect_login", args=["keycloak"])).status_code == 405
    guarded = Client(enforce_csrf_checks=True)
    assert guarded.post(reverse("openid_connect_login", args=["keycloak"])).status_code == 403


# --- groups


def test_groups_become_teams_at_each_sign_in(there: FakeIdentity, provider: IdentityProvider) -> None:
    board, till, other = (Team.objects.create(name=name) for name in ("Vorstand", "Kasse", "Von Hand"))
    for group, team, role in (("/board", board, "member"), ("/chair", board, "lead"), ("/till", till, "member")):
        GroupMapping.objects.create(provider=provider, group=group, team=team, role=role)
    there.claims["groups"] = ["/board", "/chair", "/unknown"]
    through(there)
    eve = User.objects.get()
    Membership.objects.create(user=eve, team=other)

    def held() -> list[tuple[str, str]]:
        return list(eve.membership_set.order_by("team__name").values_list("team__name", "role"))

    assert held() == [("Von Hand", "member"), ("Vorstand", "lead")]
    there.claims["groups"] = ["/till"]
    through(there)
    assert held() == [("Kasse", "member"), ("Von Hand", "member")]
    del there.claims["groups"]
    through(there)
    assert held() == [("Von Hand", "member")]
    kinds = AuditEvent.objects.filter(object_id=str(eve.pk), kind__startswith="member").values_list("kind", flat=True)
    assert sorted(kinds) == ["member-joined", "member-joined", "member-left", "member-left"]


@pytest.mark.parametrize("claim", ["/board", {"/board": 1}, 7, None, [["/board"]], [None]])
def test_a_claim_of_another_shape_gives_at_most_what_it_says(
    there: FakeIdentity, provider: IdentityProvider, claim: object
) -> None:
    GroupMapping.objects.create(provider=provider, group="/board", team=Team.objects.create(name="Vorstand"))
    there.claims["groups"] = claim
    through(there)
    assert Membership.objects.count() == (1 if claim == "/board" else 0)


# --- a second factor


def test_a_second_factor_there_counts_only_if_the_panel_says_so(
    there: FakeIdentity, provider: IdentityProvider
) -> None:
    HouseRules(second_factor_for=["member"]).save()
    assert through(there).get("/accounts/preferences/").status_code == 302
    IdentityProvider.objects.update(has_second_factor=True)
    assert through(there).get("/accounts/preferences/").status_code == 200


# --- signed out by the provider


def logout(token: str) -> int:
    return Client().post(reverse("oidc_backchannel_logout", args=["keycloak"]), {"logout_token": token}).status_code


def test_the_provider_ends_the_session_it_names(there: FakeIdentity, provider: IdentityProvider) -> None:
    there.claims["sid"] = "s1"
    first = through(there)
    there.claims["sid"] = "s2"
    second = through(there)
    assert logout(there.logout_token(sid="s1")) == 200
    assert [client.get("/accounts/preferences/").status_code for client in (first, second)] == [302, 200]
    assert logout(there.logout_token(sub="eve-1")) == 200
    assert second.get("/accounts/preferences/").status_code == 302


def test_a_logout_that_is_not_in_order_ends_nothing(there: FakeIdentity, provider: IdentityProvider) -> None:
    client = through(there)
    good = there.logout_token(sub="nobody")
    assert (logout(good), logout(good)) == (200, 400)  # each token once
    bad = [
        there.logout_token(sub="eve-1", iss="https://evil.example.org"),
        there.logout_token(sub="eve-1", aud="another"),
        there.logout_token(sub="eve-1", nonce="n"),
        there.logout_token(sub="eve-1", events={}),
        there.logout_token(sub="eve-1", jti=None),
        there.logout_token(sub="eve-1", exp=int(time.time()) - 60),
        there.logout_token(sub="eve-1", exp=None, iat=int(time.time()) - 3600),
        there.logout_token(),
        jwt.encode({"sub": "eve-1"}, None, "none"),
        "",
    ]
    assert {logout(token) for token in bad} == {400}
    assert client.get("/accounts/preferences/").status_code == 200


# --- the panel


def test_the_secret_is_encrypted_and_never_shown_again(there: FakeIdentity, provider: IdentityProvider) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM accounts_identityprovider")
        assert SECRET not in cursor.fetchone()[0]
    client = client_of(User.objects.create_superuser("ada@example.org"))
    at = reverse("admin:accounts_identityprovider_change", args=[provider.pk])
    html = client.get(at).content.decode()
    assert SECRET not in html and "http://testserver/accounts/oidc/keycloak/login/callback/" in html
    rows = {f"groups-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}
    form = {
        "name": "K",
        "issuer": there.issuer,
        "client_id": CLIENT,
        "is_active": "on",
        "group_claim": "groups",
        **rows,
    }
    assert client.post(at, form).status_code == 302
    provider.refresh_from_db()
    assert (provider.name, provider.client_secret) == ("K", SECRET)
    client.post(at, {**form, "new_secret": "neu"})
    provider.refresh_from_db()
    assert provider.client_secret == "neu"


@pytest.mark.parametrize(
    "issuer", ["ftp://x", "http://example.org", "javascript:alert(1)", "https://u:p@x", "https://x/?a"]
)
def test_an_issuer_is_an_https_address(issuer: str) -> None:
    client = client_of(User.objects.create_superuser("ada@example.org"))
    rows = {f"groups-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}
    form = {"name": "K", "slug": "k", "issuer": issuer, "client_id": CLIENT, **rows}
    assert client.post(reverse("admin:accounts_identityprovider_add"), form).status_code == 200
    assert not IdentityProvider.objects.exists()


def test_what_the_description_names_beside_the_issuer_has_to_be_outside(
    there: FakeIdentity, provider: IdentityProvider, inside: Server
) -> None:
    there.configuration = {"token_endpoint": f"{inside.url}/token", "jwks_uri": f"{inside.url}/keys"}
    assert not is_in(through(there))
    assert inside.connections == 0


def test_a_provider_that_leads_elsewhere_is_not_followed(
    provider: IdentityProvider, inside: Server, outside: Server
) -> None:
    outside.status, outside.headers = 302, {"location": inside.url}
    IdentityProvider.objects.update(issuer=outside.url)
    assert Client().post(reverse("openid_connect_login", args=["keycloak"])).status_code == 503
    assert outside.connections == 1 and inside.connections == 0


def test_an_issuer_whose_name_turns_to_a_clouds_metadata_is_not_dialled(
    provider: IdentityProvider, names: Names
) -> None:
    names.say("login.example.org", ["169.254.169.254"])
    IdentityProvider.objects.update(issuer="https://login.example.org")
    with pytest.raises(requests.ConnectionError, match="not open"), ProviderAdapter().get_requests_session() as session:
        session.get("https://login.example.org/")
