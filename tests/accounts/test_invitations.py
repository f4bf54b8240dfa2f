import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import inviting
from accounts.audit import AuditEvent, Kind
from accounts.exceptions import AccountError
from accounts.models import HouseRules, Invitation, Membership, Team, User
from accounts.roles import Role
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
PASSWORD = "sieben kluge Dohlen"
FORM = {"email": "eve@example.org", "name": "Eve", "password": PASSWORD}


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada@example.org", name="Ada")


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Vorstand")


@pytest.fixture
def lead(bob: User, team: Team) -> User:
    Membership.objects.create(user=bob, team=team, role=Membership.Role.LEAD)
    return bob


def link(by: User, **fields: object) -> str:
    return urlsplit(inviting.invite(Invitation(**fields), by)).path


def test_an_admin_makes_a_link_and_somebody_comes_in_by_it(ada: User, team: Team) -> None:
    form = {"email": "", "role": "auditor", "team": team.pk, "team_role": "lead"}
    html = client_of(ada).post(reverse("invitations"), form).content.decode()
    [address] = re.findall(r"http://testserver(/accounts/invitation/[\w-]{43}/)", html)
    client = Client()
    assert client.post(address, FORM)["Location"] == "/"
    eve = User.objects.get(email="eve@example.org")
    assert (eve.role, eve.membership_set.get().role, eve.check_password(PASSWORD)) == (Role.AUDITOR, "lead", True)
    assert client.session["_auth_user_id"] == str(eve.pk)
    assert AuditEvent.objects.filter(kind=Kind.INVITATION_ACCEPTED, actor=eve).count() == 1


def test_a_link_opens_once(ada: User) -> None:
    address = link(ada)
    Client().post(address, FORM)
    assert Client().get(address).status_code == 404
    assert Client().post(address, {**FORM, "email": "mallory@example.org"}).status_code == 404
    assert User.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_comes_in(ada: User) -> None:
    token = link(ada).split("/")[-2]

    def accept(number: int) -> bool:
        try:
            inviting.accept(token, f"eve{number}@example.org", "Eve", "")
        except AccountError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(accept, range(8))) == 1
    assert User.objects.count() == 2


def test_the_secret_is_kept_as_a_digest(ada: User) -> None:
    token = link(ada).split("/")[-2]
    assert token not in str(Invitation.objects.values()) and token not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(1)}])
def test_what_is_revoked_or_expired_opens_nothing(ada: User, change: dict[str, object]) -> None:
    address = link(ada)
    Invitation.objects.update(**change)
    assert Client().post(address, FORM).status_code == 404 and User.objects.count() == 1


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00", "../../admin"])
def test_a_guess_opens_nothing(ada: User, token: str) -> None:
    link(ada)
    assert Client().get(f"/accounts/invitation/{token}/").status_code in (301, 404)


def test_guessing_is_slowed_down(ada: User) -> None:
    answers = [Client().get(f"/accounts/invitation/guess{number}/").status_code for number in range(25)]
    assert answers[0] == 404 and answers[-1] == 429


def test_a_link_for_an_address_makes_an_account_of_that_address(ada: User) -> None:
    Client().post(link(ada, email="fay@example.org"), {**FORM, "email": "mallory@example.org"})
    assert User.objects.latest("date_joined").email == "fay@example.org"


def test_an_address_that_is_taken_is_refused(ada: User, alice: User) -> None:
    address = link(ada)
    answer = Client().post(address, {**FORM, "email": "ALICE@example.org"})
    assert answer.status_code == 200 and b"already" in answer.content and User.objects.count() == 2
    assert Client().post(address, FORM).status_code == 302  # the link is not used up by it


@pytest.mark.parametrize("password", ["", "kurz", "eve@example.org"])
def test_a_weak_password_is_refused(ada: User, password: str) -> None:
    assert Client().post(link(ada), {**FORM, "password": password}).status_code == 200
    assert User.objects.count() == 1


# --- who invites


def test_a_lead_invites_members_into_their_own_team(lead: User, team: Team) -> None:
    other = Team.objects.create(name="Kasse")
    client = client_of(lead)
    hostile = {"email": "", "team": other.pk, "role": "admin", "team_role": "lead"}
    assert client.post(reverse("invitations"), hostile).status_code == 200 and not Invitation.objects.exists()
    client.post(reverse("invitations"), {**hostile, "team": team.pk})
    invitation = Invitation.objects.get()
    assert (invitation.role, invitation.team, invitation.team_role) == (Role.MEMBER, team, "member")


def test_who_is_neither_invites_nobody(alice: User) -> None:
    assert client_of(alice).get(reverse("invitations")).status_code == 403
    assert client_of(alice).post(reverse("invitations"), {"email": "", "role": "admin"}).status_code == 403
    auditor = User.objects.create_user("aud@example.org", is_staff=True)
    assert client_of(auditor).get(reverse("invitations")).status_code == 403


@pytest.mark.parametrize("change", [{"is_superuser": False, "is_staff": False}, {"is_active": False}])
def test_a_link_ends_with_the_right_to_make_it(ada: User, change: dict[str, object]) -> None:
    address = link(ada, role=Role.ADMIN)
    User.objects.filter(pk=ada.pk).update(**change)
    assert Client().post(address, FORM).status_code == 404 and User.objects.count() == 1


def test_a_former_leads_link_opens_nothing(lead: User, team: Team) -> None:
    address = link(lead, team=team)
    Membership.objects.all().delete()
    assert Client().post(address, FORM).status_code == 404


def test_a_link_is_taken_back_by_who_may(ada: User, lead: User, alice: User, team: Team) -> None:
    link(ada, role=Role.ADMIN)
    of_admin = Invitation.objects.get()
    for user in (alice, lead):
        assert client_of(user).post(reverse("invitation-revoke", args=[of_admin.pk])).status_code == 404
    of_team_link = link(lead, team=team)
    client_of(lead).post(reverse("invitation-revoke", args=[Invitation.objects.get(team=team).pk]))
    assert Client().get(of_team_link).status_code == 404
    form = {"action": "revoke", "_selected_action": of_admin.pk}
    client_of(ada).post(reverse("admin:accounts_invitation_changelist"), form)
    assert not Invitation.objects.open().exists()
    assert AuditEvent.objects.filter(kind=Kind.INVITATION_REVOKED).count() == 2


# --- open sign-up


def test_sign_up_is_closed_until_the_house_opens_it() -> None:
    form = {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert "Create an account" not in Client().get("/accounts/login/").content.decode()
    Client().post("/accounts/signup/", form)
    assert not User.objects.exists()
    HouseRules(open_sign_up=True).save()
    assert "Create an account" in Client().get("/accounts/login/").content.decode()
    Client().post("/accounts/signup/", form)
    assert User.objects.get().role == Role.MEMBER
