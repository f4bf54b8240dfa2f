from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import sessions
from accounts.audit import AuditEvent, Kind
from accounts.models import User
from tests.conftest import BACKEND, client_of

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML) Version/18.0 Mobile Safari/604.1"
)


def browser(user: User, user_agent: str = FIREFOX) -> Client:
    client = Client(HTTP_USER_AGENT=user_agent)
    client.force_login(user, backend=BACKEND)
    client.get("/accounts/preferences/")
    return client


def is_in(client: Client) -> bool:
    return client.get("/accounts/preferences/").status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (PHONE, "Safari on iPhone"),
        ("curl/8", "An unknown browser"),
        ("", "An unknown browser"),
    ],
)
def test_a_session_is_named_as_people_know_it(user_agent: str, name: str) -> None:
    assert sessions.name_of(user_agent) == name


def test_own_sessions_are_listed_this_one_first(alice: User, bob: User) -> None:
    browser(alice, EDGE)
    here = browser(alice)
    browser(bob, PHONE)
    shown = here.get(reverse("sessions")).context["sessions"]
    assert [(each.name, each.is_here) for each in shown] == [("Firefox on Linux", True), ("Edge on Windows", False)]


def test_signing_out_there_leaves_this_one(alice: User) -> None:
    there, here = browser(alice, EDGE), browser(alice)
    other = UserSession.objects.get(user_agent=EDGE)
    here.post(reverse("session-end", args=[other.pk]))
    assert (is_in(there), is_in(here)) == (False, True)
    assert AuditEvent.objects.filter(kind=Kind.SESSION_ENDED, actor=alice).count() == 1


def test_signing_out_everywhere_else(alice: User, bob: User) -> None:
    others, here, bobs = [browser(alice) for _ in range(3)], browser(alice), browser(bob)
    here.post(reverse("sessions-end"))
    assert [is_in(client) for client in (*others, here, bobs)] == [False, False, False, True, True]


def test_anothers_session_is_not_found(alice: User, bob: User) -> None:
    bobs = browser(bob)
    theirs = UserSession.objects.get(user=bob)
    assert client_of(alice).post(reverse("session-end", args=[theirs.pk])).status_code == 404 and is_in(bobs)


def test_use_is_noted_once_a_minute(alice: User) -> None:
    client = browser(alice)
    old = timezone.now() - timedelta(hours=1)
    UserSession.objects.update(last_seen_at=old)
    client.get("/accounts/preferences/")
    assert UserSession.objects.get().last_seen_at == old
    sessions.forget()  # as if a minute had passed
    client.get("/accounts/preferences/")
    assert UserSession.objects.get().last_seen_at > old


def test_a_new_password_ends_the_other_sessions(alice: User) -> None:
    alice.set_password("sieben kluge Dohlen")
    alice.save()
    there, here = browser(alice), browser(alice)
    new = "acht kluge Dohlen sitzen"
    here.post("/accounts/password/change/", {"oldpassword": "sieben kluge Dohlen", "password1": new, "password2": new})
    assert (is_in(there), is_in(here)) == (False, True)


def test_an_admin_signs_somebody_out_everywhere(alice: User) -> None:
    hers, admin = browser(alice), User.objects.create_superuser("ada@example.org")
    form = {"action": "sign_out", "_selected_action": str(alice.pk)}
    client_of(admin).post(reverse("admin:accounts_user_changelist"), form)
    assert not is_in(hers)
    assert AuditEvent.objects.get(kind=Kind.SESSION_ENDED).object_id == str(alice.pk)


def test_what_has_ended_is_forgotten(alice: User) -> None:
    ended, here = browser(alice), browser(alice)
    Session.objects.filter(session_key=ended.session.session_key).update(expire_date=timezone.now() - timedelta(1))
    sessions.forget_ended()
    assert [each.session_key for each in UserSession.objects.all()] == [here.session.session_key]
    assert Session.objects.count() == 1
