"""From the outbox to the receiver, over real sockets."""

import json
import socket
import time
from datetime import timedelta
from typing import Any

import openai
import pytest
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from accounts.models import AuditEvent, Membership, Notification, User
from config.tasks import deliver_webhooks
from gateway import deliveries, outbox
from gateway.models import Attempt, Delivery, Event, Quota, Upstream, Webhook
from rag.models import Collection, Document
from tests.outside import INSIDE, PUBLIC, Names, Server
from tests.run.instance import eventually
from tests.test_access import make
from tests.webhooks.conftest import Hooked, deliver, received

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(alice: User) -> Document:
    return make(Collection.objects.create(owner=alice, name="Garten"))


@pytest.fixture
def told(hook: Webhook, document: Document, alice: User) -> Delivery:
    outbox.tell(alice, Event.DOCUMENT_READY, document.pk)
    return Delivery.objects.get()


def last(webhook: Webhook) -> Attempt:
    return Attempt.objects.filter(delivery__webhook=webhook).latest("id")


def test_an_event_arrives_signed(hook: Webhook, told: Delivery, outside: Server) -> None:
    assert deliver() == 1 and deliver() == 0
    [(method, path, headers, body)] = outside.asked
    assert (method, path, headers["webhook-id"]) == ("POST", "/in", told.message_id)
    event = openai.OpenAI(api_key="x", webhook_secret=hook.secret).webhooks.unwrap(body.decode(), headers)
    assert event.type == "document.ready" and Verifier(hook.secret).verify(body, headers)["data"]["id"]
    told.refresh_from_db()
    assert told.state == "delivered" and (last(hook).status, last(hook).answer) == (200, "hello")


def test_a_webhook_deleted_while_it_was_told_keeps_no_other_from_being_told_once(
    hooked: Hooked, alice: User, bob: User, outside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = hooked(alice)
    for webhook in (mine, hooked(bob)):
        Delivery.objects.create(webhook=webhook, event=Event.QUOTA_WARNING, object_id="1")
    monkeypatch.setattr(deliveries, "_prepared", lambda delivery, _: deliveries.Outgoing(delivery, b"{}", {}))
    concluded = deliveries._conclude

    def conclude(*told: Any) -> None:
        Webhook.objects.filter(pk=mine.pk).delete()  # by its owner, meanwhile
        concluded(*told)

    monkeypatch.setattr(deliveries, "_conclude", conclude)
    assert (deliver(), deliver(), len(outside.asked)) == (2, 0, 2)


def test_a_changed_body_or_another_secret_does_not_verify(hook: Webhook, told: Delivery, outside: Server) -> None:
    deliver()
    [(_, _, headers, body)] = outside.asked
    for secret, text in ((hook.secret, body + b" "), (Webhook._drawn(), body)):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(text, headers)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            openai.OpenAI(api_key="x", webhook_secret=secret).webhooks.verify_signature(text.decode(), headers)


def test_while_a_secret_is_rotated_both_verify(hook: Webhook, told: Delivery, outside: Server) -> None:
    former = hook.secret
    hook.rotate(timedelta(hours=1))
    deliver()
    [(_, _, headers, body)] = outside.asked
    assert (
        hook.secret != former and Verifier(former).verify(body, headers) and Verifier(hook.secret).verify(body, headers)
    )
    Webhook.objects.update(former_until=timezone.now())
    deliveries.replay(told)
    deliver()
    with pytest.raises(WebhookVerificationError):
        Verifier(former).verify(outside.asked[1][3], outside.asked[1][2])


def test_secrets_and_addresses_are_encrypted_and_nowhere_in_the_log(hook: Webhook, told: Delivery) -> None:
    deliver()
    with connection.cursor() as cursor:
        cursor.execute("SELECT concat(secret, url) FROM gateway_webhook")
        [kept] = cursor.fetchone()
    logged = str(list(Attempt.objects.values())) + str(list(AuditEvent.objects.values()))
    assert hook.secret not in kept + logged and "hooks.example.org" not in kept + logged


def test_by_itself_it_names_ids_and_with_content_more(
    hook: Webhook, hooked: Hooked, alice: User, document: Document, outside: Server
) -> None:
    hooked(alice, Event.DOCUMENT_READY, with_content=True, name="whole")
    outbox.tell(alice, Event.DOCUMENT_READY, document.pk)
    deliver()
    thin, whole = sorted((each["data"] for each in received(outside)), key=len)
    assert thin["id"] == whole["id"] == str(document.pk) and "haus" not in str(thin) and "Garten" not in str(thin)
    assert (whole["name"], whole["collection"]) == ("haus.txt", "Garten")


def test_what_is_confidential_is_not_sent(hook: Webhook, told: Delivery, document: Document, outside: Server) -> None:
    Webhook.objects.update(with_content=True)
    Collection.objects.update(data_class="confidential")
    deliver()
    assert "name" not in received(outside)[0]["data"]


def lost_the_document(alice: User) -> None:
    Collection.objects.update(withdrawn=True)


def deleted_it(alice: User) -> None:
    Document.objects.get().delete()


def left(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)


def lost_the_right(alice: User) -> None:
    Membership.objects.filter(user=alice).delete()


@pytest.mark.parametrize("loss", [lost_the_document, deleted_it, left, lost_the_right])
def test_who_lost_a_right_is_told_nothing(
    hook: Webhook, told: Delivery, outside: Server, alice: User, loss: object
) -> None:
    loss(alice)  # type: ignore[operator]
    assert deliver() == 0 and outside.connections == 0
    told.refresh_from_db()
    assert told.state == "withheld"


def test_what_is_of_the_house_stays_when_who_made_it_leaves(hooked: Hooked, bob: User, outside: Server) -> None:
    house, server = hooked(bob, is_house=True), Upstream.objects.create(name="gpu", base_url="http://127.0.0.1:9/v1")
    hooked(bob)
    bob.delete()
    assert Webhook.objects.get() == house and Webhook.objects.get().user is None
    outbox.tell_house(Event.UPSTREAM_DOWN, server.pk)
    assert deliver() == 1 and received(outside)[0]["data"]["id"] == server.pk


def test_the_house_is_told_nothing_of_a_single_person(hooked: Hooked, bob: User, document: Document) -> None:
    house = hooked(User.objects.create_superuser("root@example.org"), is_house=True)
    own = Quota.objects.create(user=bob, limit=5)
    for event, about in ((Event.DOCUMENT_READY, document.pk), (Event.QUOTA_WARNING, own.pk)):
        house.deliveries.create(event=event, object_id=str(about))
    assert deliver() == 0 and {each.state for each in Delivery.objects.all()} == {"withheld"}


def test_all_admins_hear_that_one_of_the_house_is_switched_off(hooked: Hooked, outside: Server) -> None:
    admins = [User.objects.create_superuser(f"{name}@example.org") for name in ("root", "ada")]
    house, outside.status = hooked(admins[0], is_house=True), 410
    admins[0].delete()
    house.deliveries.create(event="upstream.up", object_id=Upstream.objects.create(name="gpu", base_url="x").pk)
    deliver()
    assert Notification.objects.get().user == admins[1] and Webhook.objects.exclude(disabled_at=None).exists()


def test_others_are_not_told(hook: Webhook, hooked: Hooked, bob: User, document: Document, alice: User) -> None:
    hooked(bob), hooked(bob, is_house=True)
    outbox.tell(alice, Event.DOCUMENT_READY, document.pk)
    assert Delivery.objects.get().webhook == hook
    outbox.tell(None, Event.DOCUMENT_READY, document.pk)
    assert Delivery.objects.count() == 1


def test_what_is_rolled_back_is_not_told(hook: Webhook, alice: User, document: Document) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.tell(alice, Event.DOCUMENT_READY, document.pk)
        raise RuntimeError
    assert not Delivery.objects.exists()


def test_only_what_was_asked_for_is_told(hooked: Hooked, alice: User, document: Document) -> None:
    hooked(alice, Event.ANSWER_COMPLETED)
    outbox.tell(alice, Event.DOCUMENT_READY, document.pk)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500])
def test_whatever_is_no_success_is_tried_again(hook: Webhook, told: Delivery, outside: Server, status: int) -> None:
    outside.status, outside.headers = status, {"location": "http://127.0.0.1:1/"}
    deliver()
    told.refresh_from_db()
    assert (told.state, told.tries, last(hook).status) == ("waiting", 1, status)
    assert timedelta(0) < told.next_at - timezone.now() <= deliveries.DELAYS[0]
    assert deliver(at_once=False) == 0


def test_the_pauses_grow_over_a_day_and_then_it_is_given_up(hook: Webhook, told: Delivery, outside: Server) -> None:
    outside.status = 500
    assert timedelta(hours=20) < sum(deliveries.DELAYS, timedelta()) < timedelta(hours=28)
    assert sorted(deliveries.DELAYS) == deliveries.DELAYS
    for _ in deliveries.DELAYS:
        deliver()
        assert Delivery.objects.get().state == "waiting"
    deliver()
    assert Delivery.objects.get().state == "failed" and deliver() == 0
    assert Attempt.objects.count() == len(deliveries.DELAYS) + 1


def test_given_up_it_is_sent_again_by_hand(hook: Webhook, told: Delivery, outside: Server) -> None:
    Delivery.objects.update(state="failed", tries=8)
    deliveries.replay(told)
    deliver()
    assert Delivery.objects.get().state == "delivered" and outside.asked[0][2]["webhook-id"] == told.message_id


def test_days_of_failure_switch_it_off_and_its_owner_is_told(
    hook: Webhook, told: Delivery, outside: Server, alice: User
) -> None:
    outside.status = 500
    deliver()
    Webhook.objects.update(failing_since=timezone.now() - deliveries.ILL_FOR)
    deliver()
    hook.refresh_from_db()
    assert hook.disabled_at and deliver() == 0
    assert "n8n" in str(Notification.objects.get(user=alice))
    outbox.tell(alice, Event.DOCUMENT_READY, told.object_id)
    assert Delivery.objects.count() == 1
    hook.switch_on()
    outside.status = 200
    assert deliver() == 1 and Delivery.objects.get().state == "delivered"


def test_one_success_ends_the_failing(hook: Webhook, told: Delivery, outside: Server) -> None:
    Webhook.objects.update(failing_since=timezone.now() - timedelta(days=2))
    deliver()
    hook.refresh_from_db()
    assert hook.failing_since is None


def test_who_says_gone_is_not_asked_again(hook: Webhook, told: Delivery, outside: Server) -> None:
    outside.status = 410
    deliver()
    hook.refresh_from_db()
    assert hook.disabled_at


def test_one_that_leads_inside_is_never_dialled(hook: Webhook, told: Delivery, inside: Server, names: Names) -> None:
    for url, answer in ((f"http://hooks.example.org:{inside.port}/", [INSIDE]), (inside.url, [INSIDE])):
        names.say("hooks.example.org", answer)
        Webhook.objects.filter(pk=hook.pk).update(url=url)
        deliver()
        assert (last(hook).status, last(hook).reason) == (None, "address_refused") and inside.connections == 0


def test_a_redirect_inside_is_not_followed(hook: Webhook, told: Delivery, outside: Server, inside: Server) -> None:
    outside.status, outside.headers = 307, {"location": inside.url}
    deliver()
    assert last(hook).status == 307 and inside.connections == 0


def test_ten_megabytes_are_not_read(hook: Webhook, told: Delivery, outside: Server) -> None:
    outside.body = b"x" * 10 * 2**20
    deliver()
    assert (last(hook).reason, last(hook).answer, Delivery.objects.get().state) == ("answer_too_large", "", "waiting")


def test_one_that_hangs_is_left(
    hook: Webhook, told: Delivery, outside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "TIMEOUT", 0.3)
    outside.headers = {"content-length": "100"}
    began = time.monotonic()
    deliver()
    assert time.monotonic() - began < 5 and last(hook).reason == "outside_error"


@pytest.mark.parametrize("answer", [b"\x00\xff" * 900, "ä".encode() * 5000, b""])
def test_of_an_answer_the_beginning_is_kept(hook: Webhook, told: Delivery, outside: Server, answer: bytes) -> None:
    outside.body = answer
    deliver()
    assert len(last(hook).answer) <= 1000 and Delivery.objects.get().state == "delivered"


def test_one_address_that_hangs_holds_up_no_other(
    hook: Webhook, hooked: Hooked, alice: User, document: Document, outside: Server
) -> None:
    other = hooked(alice, name="other")
    for webhook, count in ((hook, 400), (other, 1)):
        Delivery.objects.bulk_create(
            Delivery(webhook=webhook, event="document.ready", object_id=str(document.pk)) for _ in range(count)
        )
    assert deliver() == deliveries.OF_ONE + 1
    assert Delivery.objects.get(webhook=other).state == "delivered"


@pytest.mark.django_db(transaction=True)
def test_the_other_rounds_wait_for_no_address_that_hangs(hook: Webhook, document: Document, names: Names) -> None:
    with socket.create_server((PUBLIC, 0)) as silent:
        silent.settimeout(10)
        Webhook.objects.update(url=f"http://hooks.example.org:{silent.getsockname()[1]}/")
        Delivery.objects.create(webhook=hook, event="document.ready", object_id=str(document.pk))
        for _ in range(2):  # of which the second finds the first under way
            deliver_webhooks()
        asked, _address = silent.accept()
        assert not Attempt.objects.exists()
        asked.close()
        assert eventually(Attempt.objects.exists, 10)
    assert Attempt.objects.count() == 1


def test_what_is_claimed_is_nobody_elses(hook: Webhook, told: Delivery) -> None:
    assert deliveries._claimed() == [told] and deliveries._claimed() == []


def test_old_deliveries_are_forgotten_and_what_waits_stays(hook: Webhook, told: Delivery) -> None:
    Delivery.objects.update(occurred_at=timezone.now() - timedelta(days=31))
    deliveries.forget_old()
    assert Delivery.objects.exists()
    Delivery.objects.update(state="failed")
    deliveries.forget_old()
    assert not Delivery.objects.exists()


def test_the_outbox_holds_no_content(hook: Webhook, told: Delivery, document: Document) -> None:
    assert "haus" not in json.dumps(list(Delivery.objects.values()), default=str)
