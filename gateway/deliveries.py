"""Webhooks on their way: what is due is claimed, looked up anew, signed and sent, and what came of it written down.

What may be told is decided at the moment of sending, by the part of the product that knows (`hooks.py` of each app): a
person who lost a right, or the document itself, is told nothing more. So no content waits in the database either.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from standardwebhooks import Webhook as Signer

from accounts import audit, notifications
from accounts.audit import Kind
from accounts.models import User
from gateway import egress, keys, probing
from gateway.exceptions import OutsideError
from gateway.models import Attempt, Delivery, Webhook

Content = dict[str, Any]
# owner, None for the house; what about; with content. None comes back for what is not theirs to know
Teller = Callable[[User | None, str, bool], Content | None]
Tellers = Mapping[str, Teller]

# between the attempts: a day in all
DELAYS = [timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 21600, 36000)]
LEASE = timedelta(minutes=2)
ILL_FOR = timedelta(days=3)  # after so long without a success it is switched off
KEPT = timedelta(days=30)
AT_ONCE, OF_ONE = 32, 4
TIMEOUT = 15.0  # seconds
LONGEST_ANSWER = 64 * 1024  # bytes
LOGGED = 1000  # characters
GONE = 410

State = Delivery.State
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outgoing:
    delivery: Delivery
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    milliseconds: int
    status: int | None = None
    reason: str = ""
    answer: str = ""

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def deliver_due(tellers: Tellers) -> int:
    """One round; returns how many were tried."""
    outgoing = [each for delivery in _claimed() if (each := _prepared(delivery, tellers))]
    for each, outcome in zip(outgoing, probing.run(_send_all(outgoing)), strict=True):
        _conclude(each.delivery, outcome)
    return len(outgoing)


def replay(delivery: Delivery) -> None:
    """By hand, with all attempts ahead; the receiver knows it by its id."""
    Delivery.objects.filter(pk=delivery.pk).exclude(state=State.WAITING).update(
        state=State.WAITING, tries=0, next_at=timezone.now()
    )


def forget_old() -> None:
    Delivery.objects.filter(occurred_at__lt=timezone.now() - KEPT).exclude(state=State.WAITING).delete()


@transaction.atomic
def _claimed() -> list[Delivery]:
    """For as long as the lease lasts nobody else sends them."""
    place = Window(RowNumber(), partition_by="webhook", order_by="next_at")
    due = Delivery.objects.due().annotate(place=place)
    next_ones = due.filter(place__lte=OF_ONE).order_by("next_at")  # an address that hangs holds up no other
    mine = Delivery.objects.due().filter(pk__in=[each.pk for each in next_ones.only("pk")[:AT_ONCE]])
    found = list(mine.select_for_update(of=("self",), skip_locked=True).select_related("webhook__user"))
    Delivery.objects.filter(pk__in=[each.pk for each in found]).update(next_at=timezone.now() + LEASE)
    return found


def _prepared(delivery: Delivery, tellers: Tellers) -> Outgoing | None:
    webhook = delivery.webhook
    owner = None if webhook.is_house else webhook.user
    content = tellers[delivery.event](owner, delivery.object_id, webhook.with_content) if _may(owner) else None
    if content is None:
        Delivery.objects.filter(pk=delivery.pk).update(state=State.WITHHELD)
        return None
    told = {"type": delivery.event, "timestamp": delivery.occurred_at.isoformat(), "data": content}
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Outgoing(delivery, body.encode(), _headers(delivery, body))


def _may(owner: User | None) -> bool:
    """The house always, whoever left it; a person as they are now."""
    return owner is None or (owner.is_active and keys.may_create(owner))


def _headers(delivery: Delivery, body: str) -> dict[str, str]:
    now = datetime.now(tz=timezone.get_fixed_timezone(0))
    signatures = [Signer(secret).sign(delivery.message_id, now, body) for secret in delivery.webhook.signing_secrets]
    return {
        "content-type": "application/json",
        "user-agent": "Voliere",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def _send_all(outgoing: list[Outgoing]) -> list[Outcome]:
    return list(await asyncio.gather(*map(_send, outgoing)))


async def _send(outgoing: Outgoing) -> Outcome:
    began = time.monotonic()
    status, reason, body = None, "", b""
    try:
        answer = await egress.fetch(
            "POST",
            outgoing.delivery.webhook.url,
            headers=outgoing.headers,
            body=outgoing.body,
            timeout=TIMEOUT,
            max_bytes=LONGEST_ANSWER,
        )
        status, body = answer.status, answer.body
    except OutsideError as error:
        reason = error.code
    milliseconds = round((time.monotonic() - began) * 1000)
    text = body[: 4 * LOGGED].decode(errors="replace").replace("\x00", "\ufffd")
    return Outcome(milliseconds, status, reason, text[:LOGGED])


@transaction.atomic
def _conclude(delivery: Delivery, outcome: Outcome) -> None:
    now, webhook = timezone.now(), Webhook.objects.select_for_update().filter(pk=delivery.webhook_id).first()
    if webhook is None:
        return  # deleted meanwhile, and its deliveries with it
    Attempt.objects.create(delivery=delivery, at=now, **vars(outcome))
    if outcome.is_success:
        Delivery.objects.filter(pk=delivery.pk).update(state=State.DELIVERED)
        Webhook.objects.filter(pk=webhook.pk).exclude(failing_since=None).update(failing_since=None)
        return
    is_last = delivery.tries >= len(DELAYS)
    later = {"state": State.FAILED} if is_last else {"next_at": now + DELAYS[delivery.tries]}
    Delivery.objects.filter(pk=delivery.pk).update(tries=delivery.tries + 1, **later)
    webhook.failing_since = webhook.failing_since or now
    webhook.save(update_fields=["failing_since"])
    if outcome.status == GONE or now - webhook.failing_since >= ILL_FOR:
        _switch_off(webhook)


def _switch_off(webhook: Webhook) -> None:
    if Webhook.objects.filter(pk=webhook.pk, disabled_at=None).update(disabled_at=timezone.now()):
        logger.warning("Webhook %s answers no more and is switched off.", webhook.pk)
        audit.record(Kind.WEBHOOK_CHANGED, webhook, detail="switched off: it answers no more")
        admins = User.objects.filter(is_superuser=True, is_active=True)
        for person in admins if webhook.is_house else [webhook.user]:
            notifications.give(person, notifications.Kind.WEBHOOK_OFF, name=webhook.name)
