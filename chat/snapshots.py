"""Answers as they are stored, for a tab that comes to them late."""

from uuid import UUID

from django.core.exceptions import ValidationError

from chat import citations
from chat.events import Event
from chat.keeping import ended_event
from chat.models import Message
from chat.rendering import StreamingRenderer


def running(conversation: UUID) -> list[str]:
    """The answers under way: one, or two that are compared."""
    found = Message.objects.running().filter(conversation=conversation)
    return [str(message) for message in found.values_list("id", flat=True)]


def snapshot(conversation: UUID, message_id: str, at_least: int = 0) -> Event | None:
    """A running answer as stored; only its number when it does not contain the event `at_least` yet."""
    answers = Message.objects.running().filter(conversation=conversation, id=message_id)
    message = answers.prefetch_related("citations").first()
    if message is None:
        return None
    if message.event < at_least:
        return {"message": str(message.id), "number": message.event}
    links = citations.links(message, message.citations.all())
    update = StreamingRenderer(links, message.scope).feed(message.text)
    thinking = {"thought": message.reasoning, "seconds": message.thinking_seconds}
    return {"type": "snapshot", "message": str(message.id), "number": message.event, **thinking, **update._asdict()}


def ended(conversation: UUID, message: str) -> Event | None:
    """The end of an answer of this conversation; None while it runs, and for any other id."""
    try:
        found = Message.objects.exclude(status__in=Message.RUNNING).get(id=message, conversation=conversation)
    except (Message.DoesNotExist, ValidationError):
        return None
    return ended_event(found)
