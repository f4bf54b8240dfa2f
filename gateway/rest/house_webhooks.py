"""The webhooks of the house, for those who manage it. Who may only look sees no address, which may hold a secret."""

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from ninja import Status

from accounts import roles
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import Operations, found, locked
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Id
from accounts.roles import May
from accounts.signing_in import person
from gateway import webhooks
from gateway.models import Scope, Webhook
from gateway.rest.shapes import Rotation
from gateway.rest.webhook_shapes import DeliveryShape, IssuedWebhook, NewHouseWebhook, WebhookChange, WebhookShape
from gateway.rest.webhooks import replayed, told
from gateway.webhook_forms import PanelWebhookForm

operations = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.SEE_SETTINGS, change=May.CHANGE_SETTINGS)
logs = Operations("admin", read=Scope.ADMIN, write=Scope.ADMIN, see=May.CHANGE_SETTINGS, change=May.CHANGE_SETTINGS)
operations.add_router("", logs)  # what an address answered is for those who know it
HOUSE = Webhook.objects.filter(is_house=True)


@operations.get("admin/webhooks", response=Page[WebhookShape])
def list_house_webhooks(request: HttpRequest, turning: Turned) -> Page[WebhookShape]:
    return page(request, HOUSE.all(), ["name", "id"], turning, lambda row: _seen(request, row))


@operations.post("admin/webhooks", response={201: IssuedWebhook})
@transaction.atomic
def create_house_webhook(request: HttpRequest, body: NewHouseWebhook) -> Status[IssuedWebhook]:
    """Makes a webhook of the house; the secret that signs is told in this answer alone."""
    webhook = valid(PanelWebhookForm(body.model_dump())).save(commit=False)
    webhook.user, webhook.is_house = person(request), True
    webhook.issue()
    return Status(201, IssuedWebhook.of(webhook))


@operations.get("admin/webhooks/{int:house_webhook}", response=WebhookShape)
def get_house_webhook(request: HttpRequest, house_webhook: int) -> WebhookShape:
    return _seen(request, found(HOUSE, pk=house_webhook))


@operations.patch("admin/webhooks/{int:house_webhook}", response=WebhookShape)
@transaction.atomic
def change_house_webhook(request: HttpRequest, house_webhook: int, body: WebhookChange) -> WebhookShape:
    row = locked(HOUSE, pk=house_webhook)
    unchanged(request, WebhookShape.of(row))
    form = valid(PanelWebhookForm(filled(PanelWebhookForm(instance=row), **body.given()), instance=row))
    webhooks.change(row, form.changed_data)
    return WebhookShape.of(row)


@operations.delete("admin/webhooks/{int:house_webhook}", response={204: None})
@transaction.atomic
def delete_house_webhook(request: HttpRequest, house_webhook: int) -> Status[None]:
    row = locked(HOUSE, pk=house_webhook)
    unchanged(request, WebhookShape.of(row), required=False)
    webhooks.remove(row)
    return Status(204, None)


@operations.post("admin/webhooks/{int:house_webhook}/rotate", response=IssuedWebhook)
def rotate_house_webhook(request: HttpRequest, house_webhook: int, body: Rotation) -> IssuedWebhook:
    """A new secret, told in this answer alone; the one before signs beside it for a while."""
    row = found(HOUSE, pk=house_webhook)
    row.rotate(timedelta(hours=body.overlap_hours))
    return IssuedWebhook.of(row)


@operations.post("admin/webhooks/{int:house_webhook}/on", response=WebhookShape)
def switch_house_webhook_on(request: HttpRequest, house_webhook: int) -> WebhookShape:
    """After it was switched off because its address did not answer."""
    row = found(HOUSE, pk=house_webhook)
    row.switch_on()
    return WebhookShape.of(row)


@logs.get("admin/webhooks/{int:house_webhook}/deliveries", response=Page[DeliveryShape])
def list_house_deliveries(request: HttpRequest, house_webhook: int, turning: Turned) -> Page[DeliveryShape]:
    """What it was told in the last 30 days, newest first."""
    return told(request, found(HOUSE, pk=house_webhook), turning)


@logs.post("admin/webhooks/{int:house_webhook}/deliveries/{uuid:delivery}/replay", response=DeliveryShape)
def replay_house_delivery(request: HttpRequest, house_webhook: int, delivery: Id) -> DeliveryShape:
    """It is sent again within seconds."""
    return replayed(found(HOUSE, pk=house_webhook), delivery)


def _seen(request: HttpRequest, webhook: Webhook) -> WebhookShape:
    shape = WebhookShape.of(webhook)
    may_change = roles.may(person(request), May.CHANGE_SETTINGS)
    return shape if may_change else shape.model_copy(update={"url": None})
