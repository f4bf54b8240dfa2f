"""An answer in the database: saved while it is written, ended once, and swept up when its writer was killed."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import OperationalError, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from chat import events
from chat.asking import LEASE
from chat.exceptions import ChatError
from chat.models import Message
from chat.versions import prepare
from gateway import outbox
from gateway.database import in_database
from gateway.exceptions import GatewayError
from gateway.models import Event
from rag.exceptions import RagError

P = ParamSpec("P")
T = TypeVar("T")

Failure = GatewayError | ChatError | RagError
END_WITHIN = 60  # seconds in which a database that is away may come back


async def patiently(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A database that restarts is waited for."""
    deadline = time.monotonic() + END_WITHIN
    while True:
        try:
            return await in_database(function, *args, **kwargs)
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(1)


def save(answer_id: UUID, changes: dict[str, object]) -> bool:
    running = Message.objects.running().filter(id=answer_id)
    kept = running.update(lease_until=timezone.now() + LEASE, status=Message.Status.STREAMING, **changes)
    return not kept or running.filter(stop_requested=True).exists()


def end(answer_id: UUID, status: Message.Status, error: Failure | None, changes: dict[str, object]) -> Message | None:
    """The one way into a terminal state; None when somebody else was there before."""
    reason = {"error": error.code, "reason": str(error)[:500]} if error else {}
    running = Message.objects.running().filter(id=answer_id)
    with transaction.atomic():
        if not running.update(status=status, lease_until=None, **reason, **changes):
            return None
        ended = Message.objects.select_related("conversation__owner").get(id=answer_id)
        if status == Message.Status.DONE:
            outbox.tell(ended.conversation.owner, Event.ANSWER_COMPLETED, ended.id)
    return ended


def ended_event(message: Message) -> events.Event:
    [prepared] = prepare([message])
    html = render_to_string("chat/_message.html", {"message": prepared})
    return {"type": "ended", "message": str(message.id), "number": message.event, "html": html}


def sweep() -> list[Message]:
    """Interrupt the answers whose writer was killed; returns them."""
    lost = Message.objects.running().filter(lease_until__lt=timezone.now())
    swept = []
    for message in lost.only("id", "event"):
        event = message.event + 1
        # the filter again: its writer may have come back meanwhile
        if lost.filter(id=message.id).update(status=Message.Status.INTERRUPTED, event=event, lease_until=None):
            swept.append(message.id)
    return list(Message.objects.select_related("conversation").filter(id__in=swept))
