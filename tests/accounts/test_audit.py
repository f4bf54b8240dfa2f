import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import IntegrityError, connection, transaction
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import audit, origin
from accounts.audit import AuditEvent, Kind, Outcome
from accounts.models import Membership, Team, User
from accounts.tasks import keep_audit
from chat import asking, sharing
from chat.models import Conversation, Message
from gateway.models import ApiKey, Quota, Upstream
from rag.models import Collection, CollectionShare
from tests.conftest import BACKEND, client_of

pytestmark = pytest.mark.django_db
PASSWORD = "sieben kluge Dohlen"


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")


def events() -> list[tuple[str, str, str]]:
    return list(AuditEvent.objects.order_by("id").values_list("kind", "object_id", "detail"))


def kinds() -> list[str]:
    return [kind for kind, _, _ in events()]


def test_signing_in_and_out_is_recorded(ada: User) -> None:
    client = Client(HTTP_USER_AGENT="x")
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.77")
    client.post("/accounts/logout/")
    came, went = AuditEvent.objects.order_by("id")
    assert (came.kind, came.actor, came.detail, came.outcome) == (Kind.SIGNED_IN, ada, "password", Outcome.DONE)
    assert (came.address, len(came.request_id)) == ("192.0.2.0", 32)
    assert (went.kind, went.actor) == (Kind.SIGNED_OUT, ada) and went.request_id != came.request_id


def test_a_wrong_password_is_recorded_without_it(ada: User) -> None:
    for login in (ada.email, "nobody@example.org"):
        Client().post("/accounts/login/", {"login": login, "password": "verraten und verkauft"})
    known, unknown = AuditEvent.objects.order_by("id").values()
    assert (known["object_id"], known["outcome"], known["actor_id"]) == (str(ada.pk), "refused", None)
    assert unknown["object_id"] == ""
    assert "verraten" not in str([known, unknown]) and "nobody" not in str(unknown)


@pytest.mark.parametrize(
    ("how", "given", "kept"),
    [
        ("truncated", "198.51.100.7", "198.51.100.0"),
        ("truncated", "2001:db8:1:2::9", "2001:db8:1::"),
        ("truncated", "::ffff:198.51.100.7", "198.51.100.0"),
        ("full", "198.51.100.7", "198.51.100.7"),
        ("none", "198.51.100.7", None),
        ("full", "", None),
        ("full", "a socket", None),
    ],
)
def test_an_address_is_kept_as_the_house_wants_it(how: str, given: str, kept: str | None) -> None:
    assert origin.kept(given, how) == kept


@pytest.mark.parametrize("statement", ["UPDATE {} SET detail = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_to_change_or_remove_what_is_recorded(statement: str) -> None:
    audit.record(Kind.SIGNED_OUT)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditevent ENABLE TRIGGER accounts_audit_stays_whole")
        with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
            cursor.execute(statement.format("accounts_auditevent"))
        cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER accounts_audit_stays_whole")
    assert AuditEvent.objects.count() == 1


def test_what_is_over_its_time_goes_and_nothing_else(settings: Settings) -> None:
    settings.AUDIT_RETENTION_MONTHS = 2
    for days in (0, 61, 63, 500):
        AuditEvent.objects.create(kind=Kind.SIGNED_OUT, at=timezone.now() - timedelta(days=days))
    keep_audit()
    assert AuditEvent.objects.exclude(kind=Kind.RETENTION).count() == 2
    settings.AUDIT_RETENTION_MONTHS = 0  # for ever
    keep_audit()
    assert AuditEvent.objects.exclude(kind=Kind.RETENTION).count() == 2


def test_not_even_retention_takes_what_is_young() -> None:
    audit.record(Kind.SIGNED_OUT)
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.forget_before(timezone.now() + timedelta(days=1))
    with pytest.raises(IntegrityError), transaction.atomic():  # and its permission does not outlast it
        AuditEvent.objects.all().delete()


def test_who_is_removed_stays_in_the_log_by_id(alice: User) -> None:
    audit.record(Kind.SIGNED_OUT, actor=alice)
    gone = alice.pk
    alice.delete()
    event = AuditEvent.objects.select_related("actor").get()
    assert (event.actor_id, event.actor) == (gone, None)


def test_a_kind_that_nobody_named_is_refused() -> None:
    with pytest.raises(ValueError, match="borrowed"):
        audit.record("borrowed")  # type: ignore[arg-type]


def test_what_is_rolled_back_was_not_done() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(Kind.SIGNED_OUT)
        _ = 1 / 0
    assert kinds() == []


def test_keys_tell_of_their_life(alice: User) -> None:
    key, secret = ApiKey.create(alice, "script")
    key.rotate(timedelta())
    key.revoke()
    key.revoke()
    assert kinds() == [Kind.KEY_ISSUED, Kind.KEY_ROTATED, Kind.KEY_REVOKED]
    assert secret not in str(events()) and key.digest not in str(events())


def test_the_panel_records_what_is_configured_and_no_value(ada: User) -> None:
    client, at = client_of(ada), "/admin/gateway/upstream/"
    upstream = Upstream.objects.create(name="tower", base_url="http://127.0.0.1:9/v1")
    form = {name: getattr(upstream, name) or "" for name in ("name", "base_url", "connect_timeout", "total_timeout",
            "first_token_timeout", "between_tokens_timeout")}  # fmt: skip
    numbers = ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")
    rows = {f"{rows}-{name}": 0 for rows in ("deployments", "power_meter", "hours") for name in numbers}
    client.post(
        f"{at}{upstream.pk}/change/", {**form, **rows, "is_active": "on", "place": "cellar", "api_key": "sesam"}
    )
    client.post(f"{at}{upstream.pk}/delete/", {"post": "yes"})
    changed, removed = AuditEvent.objects.exclude(kind=Kind.SIGNED_IN)
    assert {changed.kind, removed.kind} == {Kind.SETTING_CHANGED, Kind.SETTING_REMOVED}
    detail = changed.detail or removed.detail
    assert "Place" in detail or "place" in detail
    assert "sesam" not in str(events()) and "cellar" not in str(events())
    assert {changed.actor, removed.actor} == {ada}


def test_a_quota_of_the_panel_is_recorded(ada: User) -> None:
    quota = Quota.objects.create(unit=Quota.Unit.REQUESTS, period=Quota.Period.DAY, limit=5)
    client_of(ada).post(
        "/admin/gateway/quota/", {"action": "delete_selected", "_selected_action": quota.pk, "post": "yes"}
    )
    assert ("setting-removed", str(quota.pk), "") in events()


def test_roles_and_memberships_are_recorded(ada: User, bob: User) -> None:
    team = Team.objects.create(name="Vorstand")
    rows = {f"membership_set-{name}": n for name, n in
            (("TOTAL_FORMS", 1), ("INITIAL_FORMS", 0), ("MIN_NUM_FORMS", 0), ("MAX_NUM_FORMS", 9))}  # fmt: skip
    form = {"email": bob.email, "name": "Bob", "language": "", "is_active": "on", "role": "auditor", **rows}
    row = {"membership_set-0-team": team.pk, "membership_set-0-role": Membership.Role.LEAD}
    answer = client_of(ada).post(f"/admin/accounts/user/{bob.pk}/change/", {**form, **row})
    assert answer.status_code == 302, answer.context["errors"]
    assert (Kind.ROLE_CHANGED, str(bob.pk), "member → auditor") in events()
    assert (Kind.MEMBER_JOINED, str(bob.pk), f"team {team.pk}: lead") in events()
    del form["is_active"]
    form |= {"membership_set-TOTAL_FORMS": 0}
    client_of(ada).post(f"/admin/accounts/user/{bob.pk}/change/", form)
    assert (Kind.PERSON_DEACTIVATED, str(bob.pk), "") in events()


def test_shares_are_recorded_by_id(alice: User, bob: User) -> None:
    collection = Collection.objects.create(owner=alice, name="Geheimes")
    client = client_of(alice)
    client.post(reverse("rag:share", args=[collection.pk]), {"email": bob.email, "role": "viewer"})
    share = CollectionShare.objects.get()
    client.post(reverse("rag:unshare", args=[collection.pk, share.pk]))
    conversation = Conversation.objects.create(owner=alice, title="Streng vertraulich")
    _, answer = asking.ask(conversation, "Was kostet das?")
    Message.objects.filter(id=answer.id).update(status=Message.Status.DONE)
    shown = sharing.share(conversation, everyone=False, people=[bob], teams=[])
    sharing.take_back(shown)
    assert [kind for kind in kinds() if kind.startswith("share")] == ["share-given", "share-taken"] * 2
    assert f"viewer for {bob.pk}" in str(events())
    assert not {"Geheimes", "Streng", "kostet", bob.email} & set(str(events()).split())


def test_an_export_is_recorded(alice: User) -> None:
    client_of(alice).get(reverse("chat:export-all", args=["md"]))
    client_of(alice).get(reverse("chat:export-all", args=["json"]))
    assert Kind.EXPORTED in kinds()


# --- the panel's page


def test_the_page_shows_events_and_changes_none(ada: User) -> None:
    audit.record(Kind.SIGNED_OUT, ada, actor=ada)
    client, event = client_of(ada), AuditEvent.objects.latest("id")
    at = "/admin/accounts/auditevent/"
    assert "signed out" in client.get(at).content.decode()
    assert client.get(f"{at}?at_from=2020-01-01&at_to=2020-01-02").context["cl"].result_count == 0
    assert client.get(f"{at}{event.pk}/change/").status_code == 200
    assert client.post(f"{at}{event.pk}/change/", {"detail": "x"}).status_code == 403
    assert client.post(f"{at}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{at}add/").status_code == 403


@pytest.mark.parametrize("query", ["actor__password__startswith=a", "actor__authenticator__data=x", "address__gt=1"])
def test_no_other_filter_than_those_offered_is_taken(ada: User, query: str) -> None:
    answer = client_of(ada).get(f"/admin/accounts/auditevent/?{query}")
    assert answer.status_code == 400


def test_an_export_of_a_filter_that_is_none_is_refused() -> None:
    client = client_of(User.objects.create_superuser("ada@example.org"))
    assert client.get("/admin/accounts/auditevent/export/?unknown=1").status_code == 400


async def test_the_export_is_lines_of_json(transactional_db: None) -> None:
    ada = await sync_to_async(User.objects.create_superuser)("ada@example.org", PASSWORD)
    bulk = [AuditEvent(kind=Kind.SIGNED_OUT, detail=str(number)) for number in range(2_100)]
    await AuditEvent.objects.abulk_create([*bulk, AuditEvent(kind=Kind.SIGNED_IN)])
    client = AsyncClient()
    await sync_to_async(client.force_login)(ada, BACKEND)
    answer = await client.get("/admin/accounts/auditevent/export/?kind__exact=signed-out")
    text = b"".join([block async for block in answer.streaming_content]).decode()  # type: ignore[union-attr]
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["detail"] for row in rows] == [str(number) for number in range(2_100)]
    assert {row["kind"] for row in rows} == {"signed-out"}
    assert await AuditEvent.objects.filter(kind=Kind.EXPORTED, actor=ada).acount() == 1
