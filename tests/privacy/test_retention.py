"""What is over its time goes, by the rules of the panel, and nothing that is held, pinned or used meanwhile."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import retention
from accounts.models import AuditEvent, LegalHold, Membership, RetentionRule, Team, User
from accounts.tasks import keep_audit
from chat import asking, conversations
from chat.exceptions import OnHold
from chat.models import Conversation
from config import keeping, tasks
from gateway.models import Usage
from gateway.retention import kept_since
from rag import use
from rag.exceptions import OnHold as DocumentOnHold
from rag.models import Collection, Document, StoredFile
from tests.conftest import client_of
from tests.privacy import canary

pytestmark = pytest.mark.django_db
OLD = timedelta(days=100)


def conversation(owner: User, age: timedelta = OLD, **fields: Any) -> Conversation:
    made = Conversation.objects.create(owner=owner, **fields)
    asking.ask(made, "Wann?")
    made.messages.update(status="done")
    Conversation.objects.filter(pk=made.pk).update(updated_at=timezone.now() - age)
    return made


def rule(kind: str = "conversations", days: int = 90, team: Team | None = None, **fields: Any) -> RetentionRule:
    return RetentionRule.objects.create(kind=kind, days=days, team=team, **fields)


def there() -> set[Any]:
    return set(Conversation.objects.values_list("pk", flat=True))


def test_old_conversations_go_with_their_files(alice: User) -> None:
    old, young = conversation(alice), conversation(alice, timedelta(days=80))
    old.attachments = Collection.objects.create(owner=alice, name="x", is_attachment=True)
    Conversation.objects.filter(pk=old.pk).update(attachments=old.attachments)
    canary.document(old.attachments, alice)
    rule()
    tasks.apply_retention()
    assert there() == {young.pk} and not Document.objects.exists()
    event = AuditEvent.objects.get(kind="retention")
    assert event.detail == "conversations: 1"
    tasks.apply_retention()
    assert AuditEvent.objects.filter(kind="retention").count() == 1


def test_pinned_ones_stay_where_the_rule_says_so_and_archived_ones_go(alice: User) -> None:
    pinned, _archived = conversation(alice, pinned=True), conversation(alice, archived=True)
    found = rule()
    keeping.apply()
    assert there() == {pinned.pk}
    RetentionRule.objects.filter(pk=found.pk).update(spares_pinned=False)
    keeping.apply()
    assert there() == set()


def test_a_teams_rule_goes_before_and_the_longest_holds(alice: User, bob: User, charlie: User, team: Team) -> None:
    other = Team.objects.create(name="Kasse")
    for user, teams in ((alice, [team]), (bob, [team, other])):
        for each in teams:
            Membership.objects.create(user=user, team=each)
    hers, his, theirs = (conversation(user) for user in (alice, bob, charlie))
    rule(team=team, days=50)
    rule(team=other, days=200)
    rule(days=500)
    keeping.apply()
    assert there() == {his.pk, theirs.pk} and hers.pk not in there()


def test_one_that_is_answered_just_now_is_in_use(alice: User) -> None:
    one = conversation(alice)
    one.messages.filter(role="assistant").update(status="streaming")
    rule()
    keeping.apply()
    assert there() == {one.pk}


def test_documents_go_when_nobody_used_them(alice: User, team: Team) -> None:
    old = timezone.now() - OLD
    own, of_team = Collection.objects.create(owner=alice, name="a"), Collection.objects.create(team=team, name="b")
    unused, used, of_others = canary.document(own, alice), canary.document(own, alice), canary.document(of_team, alice)
    Document.objects.update(created_at=old)
    use.note([used.pk])
    rule("documents", team=team, days=1_000)
    rule("documents")
    keeping.apply()
    assert set(Document.objects.values_list("pk", flat=True)) == {used.pk, of_others.pk}
    assert unused.pk not in Document.objects.values_list("pk", flat=True)


def test_use_is_noted_once_a_day(alice: User) -> None:
    made = canary.document(Collection.objects.create(owner=alice, name="a"), alice)
    client_of(alice).get(reverse("rag:document", args=[made.pk]))
    first = Document.objects.get().used_at
    use.note([made.pk])
    assert first is not None and Document.objects.get().used_at == first


def test_files_of_scripts_go_unless_they_are_in_a_collection(alice: User) -> None:
    fields = {"owner": alice, "name": "x", "size": 1, "created_at": timezone.now() - OLD}
    rows = [StoredFile.objects.create(file=f"files/x/{uuid4().hex}", **fields) for _ in range(2)]
    kept = canary.document(Collection.objects.create(owner=alice, name="a"), alice)
    Document.objects.filter(pk=kept.pk).update(file_id=rows[0].pk)
    rule("files")
    keeping.apply()
    assert list(StoredFile.objects.all()) == [rows[0]]


def test_usage_and_audit_log_follow_the_rule_and_wait_for_holds(alice: User, settings: Any) -> None:
    settings.USAGE_RETENTION_MONTHS = settings.AUDIT_RETENTION_MONTHS = 0
    assert kept_since() is None and retention.audit_kept_since() is None
    rule("usage", days=90)
    rule("audit", days=10)
    found = kept_since()
    assert found is not None and found.day == 1 and found <= timezone.now() - timedelta(days=90)
    AuditEvent.objects.create(kind="signed-out", at=timezone.now() - OLD)
    AuditEvent.objects.create(kind="signed-out", at=timezone.now() - timedelta(days=20))  # the database wants 28
    LegalHold.objects.create(user=alice, reason="AZ 7")
    keep_audit()
    assert AuditEvent.objects.filter(kind="signed-out").count() == 2
    LegalHold.objects.all().delete()
    keep_audit()
    assert AuditEvent.objects.filter(kind="signed-out").count() == 1 and Usage.objects.count() == 0


# --- holds


@pytest.mark.parametrize("on", ["user", "team"])
def test_a_hold_keeps_conversations_from_everyone(member: User, team: Team, on: str) -> None:
    one = conversation(member)
    LegalHold.objects.create(reason="AZ 7", **{on: member if on == "user" else team})
    rule()
    keeping.apply()
    with pytest.raises(OnHold):
        conversations.delete(one)
    answer = client_of(member).post(reverse("chat:delete", args=[one.pk]))
    assert answer.status_code == 409 and "legal hold" in answer.content.decode()
    asked = client_of(member).post(reverse("chat:delete", args=[one.pk]), headers={"accept": "application/json"})
    assert (asked.status_code, asked.json()["error"]) == (409, "on_hold")
    page = client_of(member).get(reverse("chat:options", args=[one.pk])).content.decode()
    assert "legal hold" in page and "Delete conversation" not in page and "AZ 7" not in page
    with pytest.raises(IntegrityError), transaction.atomic():
        Conversation.objects.filter(pk=one.pk).delete()
    assert there() == {one.pk}


def test_what_was_deleted_just_before_the_hold_is_not_removed(alice: User) -> None:
    one = conversation(alice)
    conversations.delete(one)
    Conversation.objects.update(deleted_at=timezone.now() - OLD)
    LegalHold.objects.create(user=alice, reason="AZ 7")
    assert conversations.remove_deleted() == 0 and there() == {one.pk}


def test_a_held_collection_and_its_documents_stay(alice: User) -> None:
    own = Collection.objects.create(owner=alice, name="a")
    made = canary.document(own, alice)
    Document.objects.update(created_at=timezone.now() - OLD)
    LegalHold.objects.create(collection=own.pk, reason="AZ 7")
    rule("documents")
    keeping.apply()
    for one in (own, made):
        with pytest.raises(DocumentOnHold):
            one.delete()
    client = client_of(alice)
    for name, pk in (("rag:collection-delete", own.pk), ("rag:document-delete", made.pk)):
        page = client.get(reverse(name, args=[pk])).content.decode()
        assert "legal hold" in page and "button-danger" not in page
        assert client.post(reverse(name, args=[pk])).status_code == 409
    for rows in (Document.objects.all(), Collection.objects.all()):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.delete()
    LegalHold.objects.all().delete()
    own.delete()
    assert not Document.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_panel_does_not_get_around_a_hold(ada: User, team: Team) -> None:
    held = Collection.objects.create(team=team, name="Satzung")
    LegalHold.objects.create(collection=held.pk, reason="AZ 7")
    client, several = client_of(ada), {"action": "delete_selected", "_selected_action": str(held.pk), "post": "yes"}
    answers = [
        client.post(reverse("admin:rag_collection_delete", args=[held.pk]), {"post": "yes"}),
        client.post(reverse("admin:rag_collection_changelist"), several),
        client.post(reverse("admin:accounts_team_delete", args=[team.pk]), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert Collection.objects.filter(pk=held.pk).exists() and Team.objects.filter(pk=team.pk).exists()


def test_placing_and_releasing_is_recorded_without_the_reason(ada: User, alice: User) -> None:
    client = client_of(ada)
    add = reverse("admin:accounts_legalhold_add")
    assert client.post(add, {"reason": "AZ 7"}).status_code == 200  # on nobody
    assert client.post(add, {"user": alice.pk, "reason": "AZ 7"}).status_code == 302
    hold = LegalHold.objects.get()
    assert hold.placed_by == ada
    client.post(reverse("admin:accounts_legalhold_delete", args=[hold.pk]), {"post": "yes"})
    events = AuditEvent.objects.filter(kind__startswith="hold-")
    assert [event.kind for event in events.order_by("id")] == ["hold-placed", "hold-released"]
    assert "AZ" not in str(list(events.values()))


def test_a_hold_is_on_a_collection_by_name(ada: User, alice: User) -> None:
    own = Collection.objects.create(owner=alice, name="Satzung")
    client = client_of(ada)
    client.post(reverse("admin:accounts_legalhold_add"), {"collection": own.pk, "reason": "AZ 7"})
    assert LegalHold.objects.get().collection == own.pk
    assert "Satzung" in client.get(reverse("admin:accounts_legalhold_changelist")).content.decode()


# --- the panel


def post(client: Client, **fields: Any) -> Any:
    return client.post(reverse("admin:accounts_retentionrule_add"), {"kind": "conversations", "days": "90", **fields})


def test_a_rule_shows_what_would_go_before_it_is_saved(ada: User, alice: User) -> None:
    client = client_of(ada)
    conversation(alice)
    said = post(client).content.decode()
    assert "conversations: 1, messages: 2" in said and not RetentionRule.objects.exists()
    shown = "conversations:None:90:False"
    assert shown in said
    post(client, confirmed="on", previewed="conversations:None:900:False")  # what was shown is not what is asked
    assert not RetentionRule.objects.exists()
    assert post(client, confirmed="on", previewed=shown).status_code == 302
    assert RetentionRule.objects.get().days == 90 and there()


@pytest.mark.parametrize("days", ["0", "-3", "x", "", "1" * 30, "1.5"])
def test_nonsense_is_no_rule(ada: User, days: str) -> None:
    assert post(client_of(ada), days=days).status_code == 200
    assert not RetentionRule.objects.exists()


def test_a_rule_that_deletes_nothing_is_saved_at_once(ada: User) -> None:
    assert post(client_of(ada), days="999999999").status_code == 302
    keeping.apply()


def test_there_is_one_rule_for_each_and_none_of_a_team_for_the_audit_log(ada: User, team: Team) -> None:
    rule(days=900)
    assert post(client_of(ada), days="950").status_code == 200
    assert post(client_of(ada), kind="audit", days="900", team=team.pk).status_code == 200
    assert RetentionRule.objects.count() == 1


def test_people_see_when_a_conversation_ends(alice: User) -> None:
    one = conversation(alice, timedelta(days=1))
    client = client_of(alice)
    assert "Deleted by itself" not in client.get(reverse("chat:options", args=[one.pk])).content.decode()
    rule(days=30)
    assert "Deleted by itself" in client.get(reverse("chat:options", args=[one.pk])).content.decode()
    assert "30 days" in client.get(reverse("chat:history")).content.decode()
    conversations.change(one, pinned=True)
    assert "Deleted by itself" not in client.get(reverse("chat:options", args=[one.pk])).content.decode()
