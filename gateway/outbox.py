"""What happened, for those whom it concerns and who want to be told: rows in the transaction in which it happened."""

import contextlib

from django.db import InterfaceError, OperationalError, connection

from accounts.models import User
from gateway.database import in_database
from gateway.exceptions import BooksUnavailable
from gateway.fresh import Fresh
from gateway.models import Delivery, Event, Webhook, WebhookQuerySet

TELL_QUOTA = "SELECT gateway_tell_quota(quota, %s) FROM gateway_quota quota WHERE id = %s"


def tell(user: User | None, event: Event, object_id: object) -> None:
    """What is that person's: to webhooks of theirs. None is somebody who is gone."""
    if user:
        _tell(Webhook.objects.of(user), event, object_id)


def tell_house(event: Event, object_id: object) -> None:
    _tell(Webhook.objects.filter(is_house=True), event, object_id)


async def tell_refused(quota_id: int) -> None:
    """A quota that refuses is used up, also where a little is left of it: at each call, hence asked first who cares."""
    with contextlib.suppress(BooksUnavailable, OperationalError, InterfaceError):  # the caller is told of the quota
        if Event.QUOTA_EXHAUSTED in await _wanted.get(None):
            await in_database(_refused, quota_id)


def _tell(concerned: WebhookQuerySet, event: Event, object_id: object) -> None:
    Delivery.objects.bulk_create(
        Delivery(webhook=webhook, event=event, object_id=str(object_id))
        for webhook in concerned.wanting(event).only("pk")
    )


def _refused(quota_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TELL_QUOTA, [Event.QUOTA_EXHAUSTED, quota_id])


def _all_wanted(_key: None) -> frozenset[str]:
    rows = Webhook.objects.filter(disabled_at=None).values_list("events", flat=True)
    return frozenset(event for events in rows for event in events)


_wanted = Fresh(_all_wanted)
