"""Webhooks by the API: one's own, as far as a key may read itself, and the house's."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, User
from gateway.models import Delivery, Scope, Webhook
from gateway.webhook_forms import MOST
from tests.rest.conftest import Api, signed_in, with_key
from tests.rest.test_conventions import problem
from tests.webhooks.conftest import Hooked, hook, hooked, inside, integrators, names, outside  # noqa: F401  (fixtures)
from tests.webhooks.test_pages import FORM, NOT_OUTSIDE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("integrators")]


def made(api: Api, **fields: object) -> Any:
    return api.post("/webhooks", FORM | fields)


def test_its_secret_is_told_once(api: Api, alice: User) -> None:
    answer = made(api)
    webhook = Webhook.objects.get()
    assert (answer.status_code, answer.json()["secret"], webhook.user) == (201, webhook.secret, alice)
    path = f"/webhooks/{webhook.pk}"
    for again in (
        api.get(path),
        api.get("/webhooks"),
        api.change(path, {"name": "neu"}),
        api.get(f"{path}/deliveries"),
    ):
        assert again.status_code == 200 and b"whsec_" not in again.content
    assert {"webhook-changed", "webhook-added"} <= set(AuditEvent.objects.values_list("kind", flat=True))


def test_the_same_request_makes_one(api: Api) -> None:
    first, again = (api.post("/webhooks", FORM, Idempotency_Key="a") for _ in range(2))
    assert first.content == again.content and Webhook.objects.count() == 1


@pytest.mark.parametrize("url", NOT_OUTSIDE)
def test_an_address_that_is_not_outside_is_refused(api: Api, url: str) -> None:
    assert problem(made(api, url=url)) == (422, "invalid") and not Webhook.objects.exists()


def test_what_is_the_houses_is_told_to_no_person(api: Api, admin: User) -> None:
    refused = made(api, events=["upstream.down"])
    assert refused.json()["errors"][0]["field"] == "events"
    answer = signed_in(admin).post("/admin/webhooks", FORM | {"events": ["answer.completed"]})
    assert answer.json()["errors"][0]["field"] == "events" and not Webhook.objects.exists()


def test_there_is_an_end_to_how_many(api: Api, alice: User) -> None:
    for _ in range(MOST):
        Webhook(user=alice, **FORM).issue()
    assert problem(made(api)) == (422, "invalid") and Webhook.objects.count() == MOST


def test_a_key_makes_none_that_tells_more_than_it_reads(alice: User) -> None:
    api = with_key(alice, Scope.DOCUMENTS_READ)
    assert problem(made(api)) == (403, "scope_missing")
    assert problem(made(api, events=["document.ready"], with_content=True)) == (403, "scope_missing")
    mine = made(api, events=["document.ready"])
    assert mine.status_code == 201
    path = f"/webhooks/{mine.json()['id']}"
    assert problem(api.change(path, {"events": ["answer.completed"]})) == (403, "scope_missing")
    assert problem(api.change(path, {"with_content": True})) == (403, "scope_missing")
    assert api.change(path, {"url": "https://elsewhere.example.org/"}).status_code == 200


def test_a_key_does_not_see_those_that_tell_more(alice: User, hook: Webhook) -> None:  # noqa: F811
    api = with_key(alice)
    Webhook.objects.update(events=["answer.completed"], with_content=True)
    assert api.get("/webhooks").json()["items"] == [] and api.get(f"/webhooks/{hook.pk}").status_code == 404
    assert problem(api.patch(f"/webhooks/{hook.pk}", {"url": "https://x.example.org/"}, If_Match="*"))[0] == 404
    assert signed_in(alice).get(f"/webhooks/{hook.pk}").status_code == 200


def test_a_change_leaves_secret_and_state_alone(api: Api, hook: Webhook) -> None:  # noqa: F811
    path = f"/webhooks/{hook.pk}"
    Webhook.objects.update(events=["document.ready"])
    assert problem(api.patch(path, {"name": "neu"})) == (428, "condition_missing")
    changed = api.change(path, FORM)
    assert changed.status_code == 200 and Webhook.objects.get().secret == hook.secret
    assert problem(api.patch(path, {"name": "neu"}, If_Match='"old"')) == (412, "changed_meanwhile")
    assert problem(api("DELETE", path, If_Match='"old"')) == (412, "changed_meanwhile")
    assert api("DELETE", path).status_code == 204 and not Webhook.objects.exists()


def test_a_rotation_tells_the_new_secret(api: Api, hook: Webhook) -> None:  # noqa: F811
    answer = api.post(f"/webhooks/{hook.pk}/rotate", {"overlap_hours": 24}).json()
    now = Webhook.objects.get()
    assert now.signing_secrets == [answer["secret"], hook.secret] and answer["former_secret_until"]


def test_one_that_was_switched_off_is_switched_on(api: Api, hook: Webhook) -> None:  # noqa: F811
    Webhook.objects.update(disabled_at=timezone.now(), failing_since=timezone.now())
    answer = api.post(f"/webhooks/{hook.pk}/on").json()
    assert (answer["disabled_at"], answer["failing_since"]) == (None, None)


def test_a_delivery_is_read_and_sent_again(api: Api, hook: Webhook) -> None:  # noqa: F811
    delivery = hook.deliveries.create(event="document.ready", object_id="x", state="failed", tries=8)
    delivery.attempts.create(status=500, answer="kaputt")
    [told] = api.get(f"/webhooks/{hook.pk}/deliveries").json()["items"]
    assert (told["state"], told["next_at"], told["attempts"][0]["status"]) == ("failed", None, 500)
    again = api.post(f"/webhooks/{hook.pk}/deliveries/{told['id']}/replay").json()
    assert again["state"] == "waiting" and Delivery.objects.get().tries == 0


def test_deliveries_come_in_pages_and_many_cost_no_more_queries(
    api: Api,
    hook: Webhook,  # noqa: F811
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(5):
        hook.deliveries.create(event="document.ready", object_id="x").attempts.create(status=500)
    seen, cursor = [], ""
    api.get("/webhooks")
    while cursor is not None:
        with django_assert_max_num_queries(7):
            told = api.get(f"/webhooks/{hook.pk}/deliveries?limit=2&cursor={cursor}").json()
        seen, cursor = [*seen, *(each["id"] for each in told["items"])], told["next"]
    assert len(seen) == len(set(seen)) == 5


def test_a_delivery_of_anothers_is_unknown(api: Api, hook: Webhook, hooked: Hooked, bob: User) -> None:  # noqa: F811
    his = hooked(bob).deliveries.create(event="document.ready", object_id="x", state="failed")
    assert api.post(f"/webhooks/{hook.pk}/deliveries/{his.pk}/replay").status_code == 404
    assert api.get(f"/webhooks/{his.webhook_id}/deliveries").status_code == 404


def test_a_house_webhook_is_not_among_ones_own(admin: User) -> None:
    boss = signed_in(admin)
    house = boss.post("/admin/webhooks", FORM | {"events": ["upstream.down"]}).json()
    assert Webhook.objects.get().is_house and house["secret"] == Webhook.objects.get().secret
    own = made(boss).json()
    assert [each["id"] for each in boss.get("/webhooks").json()["items"]] == [own["id"]]
    assert [each["id"] for each in boss.get("/admin/webhooks").json()["items"]] == [house["id"]]
    assert (
        boss.get(f"/webhooks/{house['id']}").status_code == boss.get(f"/admin/webhooks/{own['id']}").status_code == 404
    )
    assert boss.change(f"/admin/webhooks/{house['id']}", {"events": ["upstream.up"]}).json()["events"] == [
        "upstream.up"
    ]


def test_an_auditor_sees_no_address(admin: User, auditor: User) -> None:
    Webhook(user=admin, is_house=True, **FORM | {"url": "https://hooks.example.org/secret-path"}).issue()
    answer = signed_in(auditor).get("/admin/webhooks")
    assert answer.json()["items"][0]["url"] is None and b"secret-path" not in answer.content
    assert b"secret-path" in signed_in(admin).get("/admin/webhooks").content
