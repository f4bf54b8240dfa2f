"""What happens in the product, and what webhooks hear of it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import HouseRules, Membership, Team, User
from chat import keeping
from chat.models import Conversation, Message
from gateway import health, outbox
from gateway.callers import Caller
from gateway.models import ApiKey, Delivery, Deployment, Event, Quota, Upstream, Webhook
from rag import queueing, uploads
from rag.exceptions import NoText
from rag.ingestion import _claimed, _fail, ingest
from rag.models import Collection, Document
from tests.chat.conftest import ask, conversation  # noqa: F401  (fixtures)
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream
from tests.gateway.booking import done, reserve, settle
from tests.rag.conftest import embedder  # noqa: F401  (fixture)
from tests.rag.files import GARDEN, uploaded
from tests.webhooks.conftest import Hooked, deliver, received

pytestmark = pytest.mark.django_db


@pytest.fixture
def wren(db: None) -> Deployment:
    upstream = Upstream.objects.create(name="aviary", base_url="http://gpu:8000/v1")
    return Deployment.objects.create(upstream=upstream, name="wren", model="wren")


@pytest.fixture
def caller(alice: User) -> Caller:
    return Caller(alice)


def heard(webhook: Webhook | None = None) -> list[str]:
    found = Delivery.objects.filter(webhook=webhook) if webhook else Delivery.objects.all()
    return list(found.order_by("occurred_at", "event").values_list("event", flat=True))


def use(caller: Caller, tokens: int) -> None:
    assert settle(reserve(caller), done(tokens, 0))


def test_a_quota_warns_once_and_is_used_up_once(
    hook: Webhook, caller: Caller, wren: Deployment, outside: object
) -> None:
    Quota.objects.create(user=caller.user, limit=1000)
    use(caller, 790)
    assert heard() == []
    use(caller, 20)
    use(caller, 20)
    assert heard() == ["quota.warning"]
    use(caller, 400)
    assert heard() == ["quota.warning", "quota.exhausted"]
    deliver()
    told = received(outside)[0]["data"]  # type: ignore[arg-type]
    assert (told["limit"], told["used"], told["unit"]) == (1000, 1230, "tokens") and "Alice" not in str(told)


def test_a_quota_that_begins_anew_may_warn_anew(hook: Webhook, caller: Caller, wren: Deployment) -> None:
    Quota.objects.create(user=caller.user, limit=100, period="day")
    use(caller, 85)
    Quota.objects.update(period_start=timezone.now() - timedelta(days=1), warned_at=timezone.now() - timedelta(days=1))
    Delivery.objects.all().delete()  # of this rewriting of history, too
    use(caller, 85)
    assert heard() == ["quota.warning"]


@pytest.mark.django_db(transaction=True)
def test_a_refusal_says_that_it_is_used_up_once(hook: Webhook, caller: Caller, wren: Deployment) -> None:
    quota = Quota.objects.create(user=caller.user, limit=5)
    for _ in range(3):
        async_to_sync(outbox.tell_refused)(quota.pk)
    assert heard() == ["quota.exhausted"]


@pytest.mark.parametrize("fields", [{"period": "minute"}, {"unit": "parallel"}])
def test_what_passes_in_a_minute_is_not_told(
    hook: Webhook, caller: Caller, wren: Deployment, fields: dict[str, str]
) -> None:
    quota = Quota.objects.create(user=caller.user, limit=50, **fields)
    use(caller, 50)
    with connection.cursor() as cursor:
        cursor.execute(outbox.TELL_QUOTA, ["quota.exhausted", quota.pk])
    assert heard() == []


def test_a_quota_is_told_to_whom_it_concerns(
    hooked: Hooked, caller: Caller, wren: Deployment, alice: User, bob: User, charlie: User
) -> None:
    User.objects.filter(pk=charlie.pk).update(is_superuser=True)
    hers, his, house = hooked(alice), hooked(bob), hooked(charlie, is_house=True)
    choir = Team.objects.create(name="Chor")
    Membership.objects.create(user=alice, team=choir)
    key = ApiKey.create(bob, "script")[0]
    for subject, concerned in (
        ({"user": alice}, {hers}),
        ({"api_key": key}, {his}),
        ({"team": choir}, {hers, house}),
        ({"deployment": wren}, {house}),
        ({}, {house}),
    ):
        quota = Quota.objects.create(limit=10, **subject)
        Quota.objects.filter(pk=quota.pk).update(warned_at=timezone.now())
        assert {each.webhook for each in Delivery.objects.filter(object_id=quota.pk)} == concerned, subject


def test_in_works_council_mode_the_house_hears_nothing_of_a_small_teams_quota(
    hooked: Hooked, caller: Caller, wren: Deployment, alice: User, bob: User, outside: object
) -> None:
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    hers, house, boss = hooked(alice), hooked(bob, is_house=True), client_of(bob)
    Quota.objects.create(team=Team.objects.get(), limit=100)
    HouseRules(works_council=True).save()
    use(caller, 85)
    assert heard(hers) == heard(house) == ["quota.warning"]
    deliver()
    assert {each.webhook: each.state for each in Delivery.objects.all()} == {hers: "delivered", house: "withheld"}
    assert boss.get(f"/api/v1/admin/webhooks/{house.pk}/deliveries").json()["items"] == []
    assert "quota nearly" not in boss.get(reverse("admin:gateway_delivery_changelist")).text
    assert len(client_of(alice).get(f"/api/v1/webhooks/{hers.pk}/deliveries").json()["items"]) == 1


def test_a_server_is_down_at_its_second_failure_and_back_when_it_answers(
    hooked: Hooked, bob: User, hook: Webhook, wren: Deployment, outside: object
) -> None:
    User.objects.filter(pk=bob.pk).update(is_superuser=True)
    house = hooked(bob, is_house=True)
    for _ in range(4):
        health.fail(wren.upstream_id, "upstream_unreachable")
        Upstream.objects.update(cooling_until=timezone.now())
    assert heard(house) == ["upstream.down"]
    health.recover(wren.upstream_id)
    health.recover(wren.upstream_id)
    assert heard(house) == ["upstream.down", "upstream.up"] and heard(hook) == []
    deliver()
    assert "aviary" not in str(received(outside))  # type: ignore[arg-type]


def test_one_failure_is_no_event(hooked: Hooked, bob: User, wren: Deployment) -> None:
    house = hooked(bob, is_house=True)
    health.fail(wren.upstream_id, "upstream_broken")
    health.recover(wren.upstream_id)
    assert heard(house) == []


@pytest.mark.django_db(transaction=True)
def test_a_document_that_was_read_is_told_of(
    embedder: FakeUpstream,  # noqa: F811
    hook: Webhook,
    hooked: Hooked,
    bob: User,
    alice: User,
    outside: object,
) -> None:
    others = hooked(bob)
    document = uploads.accept(alice, Collection.objects.create(owner=alice, name="Garten"), uploaded(GARDEN))
    asyncio.run(ingest(document.pk))
    assert heard(hook) == ["document.ready"] and heard(others) == []
    deliver()
    [told] = received(outside)  # type: ignore[arg-type]
    assert (told["type"], told["data"]["id"], told["data"]["status"]) == ("document.ready", str(document.pk), "ready")


def test_a_document_that_failed_is_told_of_with_the_reason(hook: Webhook, alice: User, outside: object) -> None:
    collection = Collection.objects.create(owner=alice, name="Garten")
    document = uploads.accept(alice, collection, uploaded(GARDEN))
    claimed = _claimed(document.pk)
    assert claimed
    _fail(claimed, NoText())
    _fail(claimed, NoText())
    assert heard() == ["document.failed"]
    deliver()
    assert received(outside)[0]["data"]["error"] == "no_text"  # type: ignore[arg-type]


def test_a_document_that_is_given_up_is_told_of(hook: Webhook, alice: User) -> None:
    uploads.accept(alice, Collection.objects.create(owner=alice, name="Garten"), uploaded(GARDEN))
    Document.objects.update(attempts=queueing.MAX_ATTEMPTS, lease_until=timezone.now() - timedelta(1), status="parsing")
    queueing.sweep()
    queueing.sweep()
    assert heard() == ["document.failed"] and Document.objects.get().status == "failed"


def test_a_complete_answer_is_told_of_with_its_text_where_asked_for(
    hooked: Hooked,
    alice: User,
    conversation: Conversation,  # noqa: F811
    ask: Callable[..., Message],  # noqa: F811
    outside: object,
) -> None:
    hooked(alice, with_content=True)
    thin = hooked(alice)
    for status in (Message.Status.DONE, Message.Status.STOPPED):
        keeping.end(ask().id, status, None, {"text": "Um neun."})
    assert heard(thin) == [Event.ANSWER_COMPLETED]
    deliver()
    said = {each["data"].get("text") for each in received(outside)}  # type: ignore[arg-type]
    assert said == {None, "Um neun."}


def test_a_confidential_answer_stays_in_the_house(
    hooked: Hooked,
    alice: User,
    conversation: Conversation,  # noqa: F811
    ask: Callable[..., Message],  # noqa: F811
    outside: object,
) -> None:
    hooked(alice, with_content=True)
    conversation.collections.add(Collection.objects.create(owner=alice, name="Personal", data_class="confidential"))
    keeping.end(ask().id, Message.Status.DONE, None, {"text": "Um neun."})
    deliver()
    assert "neun" not in str(received(outside))  # type: ignore[arg-type]


def test_an_answer_of_a_deleted_conversation_is_not_told(
    hook: Webhook,
    conversation: Conversation,  # noqa: F811
    ask: Callable[..., Message],  # noqa: F811
) -> None:
    keeping.end(ask().id, Message.Status.DONE, None, {"text": "Um neun."})
    Conversation.objects.update(deleted_at=timezone.now())
    assert deliver() == 0
