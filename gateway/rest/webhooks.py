"""A person's own webhooks.

A webhook outlives the key that made it. So a key opens those alone that tell no more than it may read itself, and tell
it by ids, for which a key is needed again; one with content is a session's to make and to change.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from ninja import Status

from accounts.exceptions import NotPermitted, OutOfScope
from accounts.rest.conditions import unchanged
from accounts.rest.forms import filled, valid
from accounts.rest.operations import ANY, Operations, found, locked, principal
from accounts.rest.paging import Page, Turned, page
from accounts.rest.shapes import Id
from accounts.signing_in import person
from gateway import deliveries, keys, webhooks
from gateway.models import Delivery, Event, Scope, Webhook, WebhookQuerySet
from gateway.rest.shapes import Rotation
from gateway.rest.webhook_shapes import DeliveryShape, IssuedWebhook, NewWebhook, WebhookChange, WebhookShape
from gateway.webhook_forms import OwnWebhookForm

READ_BY = {
    Event.DOCUMENT_READY: Scope.DOCUMENTS_READ,
    Event.DOCUMENT_FAILED: Scope.DOCUMENTS_READ,
    Event.ANSWER_COMPLETED: Scope.CHAT,
    Event.QUOTA_WARNING: Scope.USAGE,
    Event.QUOTA_EXHAUSTED: Scope.USAGE,
}

operations = Operations("webhooks", read=ANY, write=ANY)


@operations.get("webhooks", response=Page[WebhookShape])
def list_webhooks(request: HttpRequest, turning: Turned) -> Page[WebhookShape]:
    """Of a key those alone that tell ids, of what it may read itself."""
    return page(request, _own(request), ["name", "id"], turning, WebhookShape.of)


@operations.post("webhooks", response={201: IssuedWebhook})
@transaction.atomic
def create_webhook(request: HttpRequest, body: NewWebhook) -> Status[IssuedWebhook]:
    """Makes a webhook; the secret that signs is told in this answer alone."""
    user = person(request)
    if not keys.may_create(user):
        raise NotPermitted
    _may_tell(request, body.events, body.with_content)
    webhook = valid(OwnWebhookForm(body.model_dump(), user=user)).save(commit=False)
    webhook.issue()
    return Status(201, IssuedWebhook.of(webhook))


@operations.get("webhooks/{int:webhook}", response=WebhookShape)
def get_webhook(request: HttpRequest, webhook: int) -> WebhookShape:
    return WebhookShape.of(found(_own(request), pk=webhook))


@operations.patch("webhooks/{int:webhook}", response=WebhookShape)
@transaction.atomic
def change_webhook(request: HttpRequest, webhook: int, body: WebhookChange) -> WebhookShape:
    row = locked(_own(request), pk=webhook)
    unchanged(request, WebhookShape.of(row))
    given = body.given()
    _may_tell(request, given.get("events", ()), given.get("with_content", False))
    user = person(request)
    shown = filled(OwnWebhookForm(user=user, instance=row), **given)
    form = valid(OwnWebhookForm(shown, user=user, instance=row))
    webhooks.change(row, form.changed_data)
    return WebhookShape.of(row)


@operations.delete("webhooks/{int:webhook}", response={204: None})
@transaction.atomic
def delete_webhook(request: HttpRequest, webhook: int) -> Status[None]:
    row = locked(_own(request), pk=webhook)
    unchanged(request, WebhookShape.of(row), required=False)
    webhooks.remove(row)
    return Status(204, None)


@operations.post("webhooks/{int:webhook}/rotate", response=IssuedWebhook)
def rotate_webhook(request: HttpRequest, webhook: int, body: Rotation) -> IssuedWebhook:
    """A new secret, told in this answer alone; the one before signs beside it for a while."""
    row = found(_own(request), pk=webhook)
    row.rotate(timedelta(hours=body.overlap_hours))
    return IssuedWebhook.of(row)


@operations.post("webhooks/{int:webhook}/on", response=WebhookShape)
def switch_webhook_on(request: HttpRequest, webhook: int) -> WebhookShape:
    """After it was switched off because its address did not answer."""
    row = found(_own(request), pk=webhook)
    row.switch_on()
    return WebhookShape.of(row)


@operations.get("webhooks/{int:webhook}/deliveries", response=Page[DeliveryShape])
def list_deliveries(request: HttpRequest, webhook: int, turning: Turned) -> Page[DeliveryShape]:
    """What it was told in the last 30 days, newest first."""
    return told(request, found(_own(request), pk=webhook), turning)


@operations.post("webhooks/{int:webhook}/deliveries/{uuid:delivery}/replay", response=DeliveryShape)
def replay_delivery(request: HttpRequest, webhook: int, delivery: Id) -> DeliveryShape:
    """It is sent again within seconds."""
    return replayed(found(_own(request), pk=webhook), delivery)


def told(request: HttpRequest, webhook: Webhook, turning: Turned) -> Page[DeliveryShape]:
    rows = webhook.deliveries.shown().prefetch_related("attempts")
    return page(request, rows, ["-occurred_at", "-id"], turning, DeliveryShape.of)


def replayed(webhook: Webhook, delivery: Id) -> DeliveryShape:
    row: Delivery = found(webhook.deliveries.shown(), pk=delivery)
    deliveries.replay(row)
    row.refresh_from_db()
    return DeliveryShape.of(row)


def _own(request: HttpRequest) -> WebhookQuerySet:
    rows, scopes = Webhook.objects.of(person(request)), principal(request).scopes
    if scopes is None:
        return rows
    readable = [event for event, scope in READ_BY.items() if scope in scopes]
    return rows.filter(with_content=False, events__contained_by=readable)


def _may_tell(request: HttpRequest, events: Sequence[str], with_content: bool) -> None:
    """Raises `OutOfScope`. An event that is not a person's is left to the form."""
    scopes = principal(request).scopes
    needed = {READ_BY[Event(event)] for event in events if event in READ_BY}
    if scopes is not None and (with_content or not needed <= scopes):
        raise OutOfScope
