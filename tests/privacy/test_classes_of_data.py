"""How long documents are kept by the class of data of their collection."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, LegalHold, RetentionRule, Team, User
from config import keeping
from rag import use
from rag.models import Collection, Document
from rag.processing import activities
from tests.conftest import client_of
from tests.privacy import canary

pytestmark = pytest.mark.django_db
Kind = RetentionRule.Kind
Data = Collection.DataClass


def day(days: int) -> date:
    """So many from today."""
    return timezone.localdate() + timedelta(days=days)


def shelf(owner: User, data_class: str = Data.CONFIDENTIAL, days_old: int = 100, **fields: object) -> Document:
    made = canary.document(Collection.objects.create(owner=owner, name="Akten", data_class=data_class, **fields), owner)
    Document.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=days_old))
    return made


@pytest.fixture
def rule(db: None) -> RetentionRule:
    return RetentionRule.objects.create(kind=Kind.CLASS_CONFIDENTIAL, days=90)


def there() -> set[Document]:
    return set(Document.objects.all())


def test_a_class_with_a_rule_loses_what_is_old_and_used_or_not(alice: User, rule: RetentionRule) -> None:
    old, young = shelf(alice), shelf(alice, days_old=80)
    others = {shelf(alice, Data.INTERNAL), shelf(alice, Data.OPEN)}
    use.note([old.pk])
    keeping.apply()
    assert there() == {young, *others}
    assert AuditEvent.objects.get(kind="retention").detail == "class-confidential: 1"


def test_the_later_of_the_last_change_and_the_end_of_the_collection_counts(alice: User, rule: RetentionRule) -> None:
    ends = {days: shelf(alice, valid_until=day(days)) for days in (-92, -90, -10, 400)}
    changed = shelf(alice, days_old=5, valid_until=day(-92))
    keeping.apply()
    assert there() == {ends[-90], ends[-10], ends[400], changed}


def test_days_are_counted_whatever_the_clocks_did_between(
    alice: User, rule: RetentionRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 27, 22, 30, tzinfo=UTC))  # 23:30
    kept = shelf(alice, valid_until=date(2026, 8, 29))  # by summer time it was 0:30 of the next day
    keeping.apply()
    assert there() == {kept}


def test_without_a_rule_they_stay_for_ever(alice: User) -> None:
    kept = shelf(alice, days_old=10_000, valid_until=day(-5_000))
    keeping.apply()
    assert there() == {kept}


@pytest.mark.parametrize("on", ["user", "team", "collection"])
def test_what_is_held_stays(member: User, team: Team, rule: RetentionRule, on: str) -> None:
    held = shelf(member)
    LegalHold.objects.create(reason="AZ 7", **{on: {"user": member, "team": team}.get(on, held.collection_id)})
    keeping.apply()
    assert there() == {held}


def test_attachments_go_with_their_conversation(alice: User, rule: RetentionRule) -> None:
    attached = shelf(alice, is_attachment=True)
    keeping.apply()
    assert there() == {attached}


def test_the_panel_says_first_what_goes_and_takes_no_team(ada: User, alice: User, team: Team) -> None:
    client, address = client_of(ada), reverse("admin:accounts_retentionrule_add")
    shelf(alice)
    form = {"kind": Kind.CLASS_CONFIDENTIAL, "days": "90"}
    assert "documents with their files: 1" in client.post(address, form).text
    assert "one rule each" in client.post(address, form | {"days": "900", "team": team.pk}).text
    assert client.post(address, form | {"days": "900"}).status_code == 302
    assert RetentionRule.objects.get().days == 900


def test_about_the_collection_and_the_records_say_it_in_words(alice: User, rule: RetentionRule) -> None:
    said = "Documents in confidential collections: 90 days after the last change"
    kept, other = shelf(alice), shelf(alice, Data.OPEN)
    client = client_of(alice)
    assert said in client.get("/about/").text and said in activities()[0].retention
    assert said in client.get(reverse("rag:collection", args=[kept.collection_id])).text
    assert said not in client.get(reverse("rag:collection", args=[other.collection_id])).text
