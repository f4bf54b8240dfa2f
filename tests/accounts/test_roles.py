"""The table of who may what: every permission with every role, the refused rows too; then every page of the panel."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import admins, roles
from accounts.exceptions import LastAdmin
from accounts.models import IdentityProvider, Membership, Team, User
from accounts.roles import May, Role
from gateway.models import ApiKey, Upstream
from tests.conftest import client_of

PASSWORD = "sieben kluge Dohlen"
WHO = ["member", "lead", "auditor", "admin", "former admin", "nobody"]
ALLOWED = {
    May.ENTER_PANEL: {"auditor", "admin"},
    May.SEE_SETTINGS: {"auditor", "admin"},
    May.CHANGE_SETTINGS: {"admin"},
    May.SEE_AUDIT: {"auditor", "admin"},
    May.SEE_USAGE: {"admin"},
    May.SEE_FILES: {"admin"},
    May.INVITE_ANYONE: {"admin"},
    May.CREATE_KEYS: {"admin"},
    May.INVITE_TO_TEAM: {"lead", "admin"},
    May.READ_CONTENT_OF_OTHERS: set(),
}
ONE_ROW = ("accounts.houserules", "accounts.controller", "gateway.energyrules")  # their lists lead to it
PAGES = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Vorstand")


def somebody(who: str, team: Team) -> User:
    user = User.objects.create_user(f"{who.replace(' ', '-')}@example.org")
    user.role = {"auditor": Role.AUDITOR, "admin": Role.ADMIN, "former admin": Role.ADMIN}.get(who, Role.MEMBER)
    user.is_active = who != "former admin"
    user.save()
    if who == "lead":
        Membership.objects.create(user=user, team=team, role=Membership.Role.LEAD)
    return user


def client_for(who: str, team: Team) -> Client:
    return Client() if who == "nobody" else client_of(somebody(who, team))


def test_the_table_names_every_permission() -> None:
    assert set(ALLOWED) == set(May)


@pytest.mark.parametrize("who", WHO[:-1])
@pytest.mark.parametrize("what", May, ids=str)
def test_each_may_what_the_table_says(team: Team, who: str, what: May) -> None:
    assert roles.may(somebody(who, team), what, team) == (who in ALLOWED[what])


def test_a_lead_leads_their_own_team_alone(team: Team) -> None:
    lead, other = somebody("lead", team), Team.objects.create(name="Kasse")
    assert not roles.may(lead, May.INVITE_TO_TEAM, other) and not roles.may(lead, May.INVITE_TO_TEAM)


def test_a_role_is_djangos_two_flags(team: Team) -> None:
    for role in Role:
        user = User(email="x@example.org")
        user.role = role
        assert (user.role, user.is_superuser, user.is_staff) == (role, role == Role.ADMIN, role != Role.MEMBER)


# --- every page of the panel x every role


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("page", PAGES)
def test_the_panel_goes_by_the_table(team: Team, page: str, who: str) -> None:
    client, name = client_for(who, team), page.replace(".", "_")
    seen = page in roles.SETTINGS | roles.AUDIT
    if who == "admin":
        may_look, may_change = True, True
    else:
        may_look, may_change = who == "auditor" and seen, False
    looked = client.get(reverse(f"admin:{name}_changelist"), follow=page in ONE_ROW)
    assert (looked.status_code == 200 and "/login/" not in looked.request["PATH_INFO"]) == may_look
    added = client.get(reverse(f"admin:{name}_add"))
    assert may_change or added.status_code in (302, 403)


@pytest.mark.parametrize("who", [who for who in WHO if who != "admin"])
def test_nobody_but_an_admin_changes_anything_there(team: Team, who: str) -> None:
    client = client_for(who, team)
    target, upstream = somebody("member", Team()) if who != "member" else team, Upstream.objects.create(name="tower")
    person = target if isinstance(target, User) else User.objects.get(email="member@example.org")
    key, _ = ApiKey.create(person, "script")
    posts = [
        (reverse("admin:accounts_user_change", args=[person.pk]), {"email": "e@example.org", "role": "admin"}),
        (reverse("admin:accounts_user_delete", args=[person.pk]), {"post": "yes"}),
        (reverse("admin:auth_user_password_change", args=[person.pk]), {"password1": PASSWORD, "password2": PASSWORD}),
        (reverse("admin:accounts_user_changelist"), {"action": "sign_out", "_selected_action": str(person.pk)}),
        (reverse("admin:gateway_upstream_delete", args=[upstream.pk]), {"post": "yes"}),
        (reverse("admin:gateway_apikey_changelist"), {"action": "revoke", "_selected_action": key.pk}),
        (reverse("admin:gateway_apikey_rotate", args=[key.pk]), {"overlap": "0"}),
        (reverse("admin:accounts_houserules_change", args=[1]), {"open_sign_up": "on", "invitation_days": 7}),
    ]
    before = User.objects.get(pk=person.pk)
    for address, form in posts:
        answer = client.post(address, form)  # an action that is not offered leaves the list as it is
        assert answer.status_code in ((200, 302, 403) if "action" in form else (302, 403, 404)), address
    now = User.objects.get(pk=person.pk)
    assert (now.email, now.role, now.password) == (before.email, before.role, before.password)
    key.refresh_from_db()
    assert key.revoked_at is None and Upstream.objects.filter(pk=upstream.pk).exists()
    assert client.get(reverse("admin:gateway_usage_export")).status_code in (302, 403)


def test_an_auditor_sees_no_secret_and_no_content(team: Team) -> None:
    client = client_for("auditor", team)
    person = somebody("member", team)
    person.set_password(PASSWORD)
    person.save()
    upstream = Upstream.objects.create(name="tower", base_url="http://127.0.0.1:9/v1", api_key="sesam-1")
    provider = IdentityProvider.objects.create(name="K", slug="k", issuer="https://k", client_secret="sesam-2")
    key, secret = ApiKey.create(person, "script")
    seen = [("accounts_user", person), ("gateway_upstream", upstream), ("accounts_identityprovider", provider),
            ("gateway_apikey", key)]  # fmt: skip
    for name, one in seen:
        html = client.get(reverse(f"admin:{name}_change", args=[one.pk])).content.decode()
        assert str(one) in html or one.name in html, name
        assert not [word for word in ("sesam", secret, key.digest, "argon2") if word in html], name
    html = client.get(reverse("admin:index")).content.decode()
    assert "/admin/gateway/upstream/" in html and "/admin/rag/document/" not in html


# --- an admin stays


def change_form(user: User, **fields: object) -> dict[str, object]:
    rows = {f"membership_set-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}
    form = {"email": user.email, "name": "A", "language": "", "is_active": "on", "role": "admin", **rows, **fields}
    return {name: value for name, value in form.items() if value is not None}


@pytest.mark.parametrize("fields", [{"role": "member"}, {"role": "auditor"}, {"is_active": None}])
def test_the_last_admin_is_neither_demoted_nor_deactivated(team: Team, fields: dict[str, object]) -> None:
    ada = somebody("admin", team)
    address = reverse("admin:accounts_user_change", args=[ada.pk])
    client = client_of(ada)
    said = client.post(address, change_form(ada, **fields), follow=True).content.decode()
    ada.refresh_from_db()
    assert (ada.role, ada.is_active) == (Role.ADMIN, True) and "the only admin" in said
    bea = User.objects.create_superuser("bea@example.org")
    client.post(reverse("admin:accounts_user_change", args=[bea.pk]), change_form(bea, **fields))
    bea.refresh_from_db()
    assert (bea.role, bea.is_active) != (Role.ADMIN, True)


def test_the_last_admin_is_not_deleted(team: Team) -> None:
    ada = somebody("admin", team)
    client = client_of(ada)
    client.post(reverse("admin:accounts_user_delete", args=[ada.pk]), {"post": "yes"})
    form = {"action": "delete_selected", "_selected_action": str(ada.pk), "post": "yes"}
    client.post(reverse("admin:accounts_user_changelist"), form)
    assert User.objects.filter(pk=ada.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_demote_each_other_at_the_same_moment() -> None:
    for _ in range(5):
        User.objects.all().delete()
        pair = [User.objects.create_superuser(f"{name}@example.org") for name in ("ada", "bea")]
        clients = [client_of(user) for user in pair]

        def demote(client: Client, other: User) -> None:
            address = reverse("admin:accounts_user_change", args=[other.pk])
            client.post(address, change_form(other, role="member"))
            connection.close()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(demote, clients, reversed(pair)))
        assert User.objects.filter(is_superuser=True, is_active=True).count() == 1


def test_without_an_admin_there_is_none_to_keep(db: None, alice: User) -> None:
    with admins.one_stays():
        alice.name = "Alicia"
        alice.save()
    ada = User.objects.create_superuser("ada@example.org")
    with pytest.raises(LastAdmin), admins.one_stays():
        User.objects.filter(pk=ada.pk).delete()
    assert User.objects.filter(pk=ada.pk).exists()
