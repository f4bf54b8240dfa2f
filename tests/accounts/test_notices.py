"""The privacy notice: written in the panel, published once and for all, agreed to before anything else."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts import notices
from accounts.audit import AuditEvent, Kind
from accounts.exceptions import NoticeChanged
from accounts.models import Agreement, Notice, User
from chat.consumers import may_watch
from chat.models import Conversation
from gateway.models import ApiKey
from tests.conftest import client_of

pytestmark = pytest.mark.django_db
HOSTILE = "# Hallo\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![y](https://spy.example.org/p.png)"
JSON = {"Accept": "application/json"}


def published(german: str = "Wir halten **wenig** fest.", english: str = "We record **little**.") -> Notice:
    notice = Notice.objects.create(german=german, english=english)
    notice.publish()
    return notice


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada@example.org", name="Ada")


def test_without_one_nobody_is_asked(alices_client: Client) -> None:
    Notice.objects.create(english="Only a draft.")
    assert alices_client.get("/").status_code == 200
    assert alices_client.get("/notice/")["Location"] == "/about/"


def test_one_is_led_there_before_anything_else_and_once(alices_client: Client, alice: User) -> None:
    notice = published()
    for address in ("/", "/about/", "/knowledge/", "/accounts/preferences/", "/usage/"):
        assert alices_client.get(address)["Location"] == "/notice/", address
    assert alices_client.post("/conversations/", {"text": "Wann?"})["Location"] == "/notice/"
    assert not Conversation.objects.exists()
    html = alices_client.get("/notice/", headers={"accept-language": "de"}).content.decode()
    assert "Wir halten <strong>wenig</strong> fest." in html and 'id="sidebar"' not in html
    assert alices_client.post("/notice/", {"version": "1"})["Location"] == "/"
    assert alices_client.get("/").status_code == 200
    agreement = Agreement.objects.get()
    assert (agreement.user, agreement.notice) == (alice, notice)
    assert "Privacy notice, version 1" in alices_client.get("/about/").content.decode()
    assert 'id="sidebar"' in alices_client.get("/notice/").content.decode()


def test_a_script_is_told(alices_client: Client) -> None:
    published()
    refused = alices_client.post("/conversations/", {"text": "Wann?"}, headers=JSON)
    assert (refused.status_code, refused.json()["error"]) == (403, "notice_not_agreed")


def test_a_socket_waits_for_it_too(alices_client: Client, alice: User) -> None:
    conversation = Conversation.objects.create(owner=alice)
    session = import_module(settings.SESSION_ENGINE).SessionStore(alices_client.session.session_key)
    scope = {"user": alice, "session": session}
    assert may_watch(scope, conversation.id)
    published()
    assert not may_watch(scope, conversation.id)
    notices.agree(alice, "1")
    assert may_watch(scope, conversation.id)


def test_a_new_version_is_asked_for_again(alices_client: Client, alice: User) -> None:
    published()
    alices_client.post("/notice/", {"version": "1"})
    second = published(english="We record **more**.")
    assert second.version == 2
    assert alices_client.get("/")["Location"] == "/notice/"
    assert "<strong>more</strong>" in alices_client.get("/notice/").content.decode()
    old = alices_client.post("/notice/", {"version": "1"})
    assert old.status_code == 409 and "newer version" in old.content.decode()
    assert alices_client.get("/")["Location"] == "/notice/" and Agreement.objects.count() == 1


@pytest.mark.parametrize("version", ["", "0", "2", "1 ", "-1", "x" * 10_000, "1\x00", "٣"])
def test_agreeing_to_what_is_no_version_counts_for_nothing(alice: User, version: str) -> None:
    published()
    with pytest.raises(NoticeChanged):
        notices.agree(alice, version)
    assert not Agreement.objects.exists()


def test_agreeing_twice_is_once(alices_client: Client) -> None:
    published()
    for _ in range(2):
        assert alices_client.post("/notice/", {"version": "1"}).status_code == 302
    assert Agreement.objects.count() == AuditEvent.objects.filter(kind=Kind.NOTICE_AGREED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_agreeing_twice_at_once_is_once(alice: User) -> None:
    published()

    def agree(_: int) -> None:
        try:
            notices.agree(alice, "1")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(agree, range(8)))
    assert Agreement.objects.count() == AuditEvent.objects.filter(kind=Kind.NOTICE_AGREED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_that_are_published_at_once_are_two_versions() -> None:
    drafts = [Notice.objects.create(english=str(number)) for number in range(4)]

    def publish(draft: Notice) -> None:
        try:
            draft.publish()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, drafts + drafts))
    assert sorted(Notice.objects.values_list("version", flat=True)) == [1, 2, 3, 4]


def test_keys_go_on(alice: User) -> None:
    published()
    assert ApiKey.create(alice, "script")[0].pk and notices.is_due(alice)


def test_what_is_published_neither_changes_nor_goes() -> None:
    notice = published()
    for change in (lambda: Notice.objects.update(english="Anders."), lambda: Notice.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert Notice.objects.get().english == notice.english


def test_hostile_markdown_is_harmless(alices_client: Client) -> None:
    published(english=HOSTILE)
    html = alices_client.get("/notice/").content.decode()
    body = html[html.index("notice-text") : html.index('id="agree"')]
    assert "<script" not in body and "href" not in body and "<img" not in body and "Hallo" in body


def test_where_one_language_is_empty_the_other_is_shown(alices_client: Client) -> None:
    published(german="Nur deutsch.", english=" ")
    assert 'lang="de">' in alices_client.get("/notice/", headers={"accept-language": "en"}).content.decode()


def test_the_panel_publishes_and_then_lets_it_be(ada: User) -> None:
    client = client_of(ada)
    added = client.post(reverse("admin:accounts_notice_add"), {"german": "Entwurf", "english": ""})
    draft = Notice.objects.get()
    assert added.status_code == 302 and draft.version is None and client.get("/").status_code == 200
    change = reverse("admin:accounts_notice_change", args=[draft.pk])
    client.post(change, {"german": "Fertig", "english": "", "publish": "on"})
    assert Notice.objects.get().version == 1 and client.get("/")["Location"] == "/notice/"
    client.post("/notice/", {"version": "1"})
    assert client.get(change).status_code == 200
    assert client.post(change, {"german": "Doch anders", "english": ""}).status_code == 403
    assert client.post(reverse("admin:accounts_notice_delete", args=[draft.pk]), {"post": "yes"}).status_code == 403
    assert Notice.objects.get().german == "Fertig"
    assert AuditEvent.objects.filter(kind=Kind.NOTICE_PUBLISHED, detail="version 1").exists()


def test_an_empty_one_is_refused(ada: User) -> None:
    page = client_of(ada).post(reverse("admin:accounts_notice_add"), {"german": " ", "english": "", "publish": "on"})
    assert page.status_code == 200 and not Notice.objects.exists()


def test_a_draft_is_for_those_who_see_the_configuration(alices_client: Client, ada: User) -> None:
    draft = Notice.objects.create(english="Only a draft.")
    address = reverse("notice-version", args=[draft.pk])
    assert alices_client.get(address).status_code == 404
    assert "Only a draft." in client_of(ada).get(address).content.decode()
