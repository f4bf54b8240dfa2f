"""A person's own webhooks in their preferences, and the house's in the panel."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Notification, Team, User
from gateway.models import Delivery, Webhook
from gateway.webhook_forms import MOST
from tests.conftest import client_of
from tests.webhooks.conftest import Hooked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("integrators")]
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")
FORM = {"name": "n8n", "url": "https://n8n.example.org/webhook/7f", "events": ["document.ready", "quota.exhausted"]}
NOT_OUTSIDE = [
    "http://n8n.example.org/", "https://127.0.0.1/", "https://10.0.0.1/x", "https://[::1]/", "https://2130706433/",
    "https://user:pw@n8n.example.org/", "https://n8n.example.org:22/", "ftp://n8n.example.org/", "n8n", "",
    "javascript:alert(1)", "https://", "https://n8n.example.org/\r\nx: y", "https://" + "a" * 3000,
]  # fmt: skip


def create(client: Client, **fields: object) -> HttpResponse:
    return client.post(reverse("webhooks:create"), FORM | fields)


@pytest.fixture
def panel(db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org", name="Root"))


def test_one_is_made_and_its_secret_shown_once(alices_client: Client, alice: User) -> None:
    response = create(alices_client)
    webhook = Webhook.objects.get()
    assert SECRET.findall(response.text) == [webhook.secret] and "no-store" in response["Cache-Control"]
    assert (webhook.user, webhook.is_house, webhook.events) == (alice, False, FORM["events"])
    for page in ("webhooks:list", "webhooks:log", "webhooks:edit", "webhooks:rotate"):
        ids = [] if page == "webhooks:list" else [webhook.pk]
        shown = alices_client.get(reverse(page, args=ids)).text
        assert not SECRET.search(shown) and "n8n" in shown
    assert AuditEvent.objects.filter(kind="webhook-added", actor=alice, object_id=webhook.pk).exists()


@pytest.mark.parametrize("url", NOT_OUTSIDE)
def test_an_address_that_is_not_outside_is_refused(alices_client: Client, url: str) -> None:
    assert create(alices_client, url=url).status_code == 400 and not Webhook.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"events": []},
        {"events": ["upstream.down"]},
        {"events": ["x"]},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "\x00"},
    ],
)
def test_a_form_that_is_wrong_makes_none(alices_client: Client, fields: dict[str, object]) -> None:
    assert create(alices_client, **fields).status_code == 400 and not Webhook.objects.exists()


def test_there_is_an_end_to_how_many(alices_client: Client, alice: User) -> None:
    for _ in range(MOST):
        Webhook(user=alice, **FORM).issue()
    assert create(alices_client).status_code == 400 and Webhook.objects.count() == MOST


def test_who_may_have_no_keys_may_have_no_webhooks(charlies_client: Client) -> None:
    assert create(charlies_client).status_code == 302 and not Webhook.objects.exists()
    assert "none of your teams" in charlies_client.get(reverse("webhooks:list")).text


def test_a_change_leaves_secret_and_state_alone(alices_client: Client, alice: User, hook: Webhook) -> None:
    Webhook.objects.update(events=["document.ready"])
    response = alices_client.post(reverse("webhooks:edit", args=[hook.pk]), FORM | {"with_content": "on"})
    changed = Webhook.objects.get()
    assert response.status_code == 302 and changed.secret == hook.secret and changed.with_content
    [event] = AuditEvent.objects.filter(kind="webhook-changed")
    assert "url" in event.detail and "example.org" not in event.detail


def test_a_rotation_shows_the_new_secret(alices_client: Client, hook: Webhook) -> None:
    response = alices_client.post(reverse("webhooks:rotate", args=[hook.pk]), {"overlap": "24"})
    now = Webhook.objects.get()
    assert SECRET.findall(response.text) == [now.secret] and now.signing_secrets == [now.secret, hook.secret]


def test_a_delivery_is_sent_again_from_its_page(alices_client: Client, hook: Webhook) -> None:
    delivery = hook.deliveries.create(event="document.ready", object_id="x", state="failed", tries=8)
    delivery.attempts.create(status=500, answer="<script>alert(1)</script>")
    page = alices_client.get(reverse("webhooks:log", args=[hook.pk])).text
    assert "&lt;script&gt;" in page and "Send again" in page
    alices_client.post(reverse("webhooks:replay", args=[hook.pk, delivery.pk]))
    assert Delivery.objects.get().state == "waiting"


def test_a_delivery_of_anothers_is_not_found(alices_client: Client, hook: Webhook, hooked: Hooked, bob: User) -> None:
    his = hooked(bob).deliveries.create(event="document.ready", object_id="x", state="failed")
    address = reverse("webhooks:replay", args=[hook.pk, his.pk])
    assert alices_client.post(address).status_code == 404


def test_a_house_webhook_is_not_among_ones_own(panel: Client, hooked: Hooked) -> None:
    root = User.objects.get(is_superuser=True)
    house = hooked(root, is_house=True, name="Haus")
    assert panel.get(reverse("webhooks:log", args=[house.pk])).status_code == 404


def test_a_notice_stays_until_it_is_put_away(alices_client: Client, alice: User, bobs_client: Client) -> None:
    notice = Notification.objects.create(user=alice, kind="webhook-off", about={"name": "<b>n8n</b>"})
    home = reverse("chat:home")
    assert "&lt;b&gt;n8n&lt;/b&gt;" in alices_client.get(home).text and "switched off" not in bobs_client.get(home).text
    address = reverse("notification-put-away", args=[notice.pk])
    assert bobs_client.post(address).status_code == 404
    put = alices_client.post(address, headers={"referer": "https://evil.example/"})
    assert put["Location"] == reverse("preferences")
    assert "switched off" not in alices_client.get(home).text


def test_the_panel_makes_one_of_the_house(panel: Client) -> None:
    add = reverse("admin:gateway_webhook_add")
    assert panel.get(add).status_code == 200
    response = panel.post(add, FORM | {"events": ["upstream.down"]})
    webhook = Webhook.objects.get()
    assert webhook.is_house and SECRET.findall(response.text) == [webhook.secret]
    change = reverse("admin:gateway_webhook_change", args=[webhook.pk])
    assert not SECRET.search(panel.get(change).text)
    panel.post(change, FORM | {"events": ["upstream.up"]})
    assert Webhook.objects.get().events == ["upstream.up"] and Webhook.objects.get().secret == webhook.secret
    rotated = panel.post(reverse("admin:gateway_webhook_rotate", args=[webhook.pk]), {"overlap": "0"})
    assert SECRET.findall(rotated.text) == [Webhook.objects.get().secret] != [webhook.secret]


def test_the_panel_refuses_what_is_a_persons(panel: Client, hook: Webhook) -> None:
    assert panel.post(reverse("admin:gateway_webhook_add"), FORM | {"events": ["answer.completed"]}).status_code == 200
    assert panel.get(reverse("admin:gateway_webhook_change", args=[hook.pk])).status_code == 302
    assert "n8n" not in panel.get(reverse("admin:gateway_webhook_changelist")).text
    assert Webhook.objects.count() == 1


def test_the_panel_shows_what_came_of_it(panel: Client, hooked: Hooked, hook: Webhook) -> None:
    house = hooked(User.objects.get(is_superuser=True), is_house=True, name="Haus")
    mine = house.deliveries.create(event="upstream.down", object_id="1", state="failed")
    mine.attempts.create(reason="address_refused")
    hers = hook.deliveries.create(event="document.ready", object_id="x")
    changelist = reverse("admin:gateway_delivery_changelist")
    assert "Haus" in panel.get(changelist).text
    assert "public one" in panel.get(reverse("admin:gateway_delivery_change", args=[mine.pk])).text
    assert panel.get(reverse("admin:gateway_delivery_change", args=[hers.pk])).status_code == 302
    panel.post(changelist, {"action": "replay", "_selected_action": [mine.pk]})
    mine.refresh_from_db()
    assert mine.state == "waiting"


def test_an_auditor_sees_no_address(hooked: Hooked) -> None:
    root = User.objects.create_superuser("root@example.org")
    house = hooked(root, is_house=True, url="https://hooks.example.org/secret-path")
    auditor = User.objects.create_user("auditor@example.org")
    auditor.role = "auditor"
    auditor.save()
    shown = client_of(auditor).get(reverse("admin:gateway_webhook_change", args=[house.pk]))
    assert shown.status_code == 200 and "secret-path" not in shown.text


def test_the_right_to_keys_is_what_counts(alices_client: Client) -> None:
    Team.objects.update(may_create_keys=False)
    assert create(alices_client).status_code == 302 and not Webhook.objects.exists()
