"""A running answer as it is stored, for a tab that comes to it late."""

from uuid import UUID

from chat import citations
from chat.events import Event
from chat.models import Message
from chat.rendering import StreamingRenderer


def snapshot(conversation: UUID) -> Event | None:
    message = Message.objects.running().filter(conversation=conversation).prefetch_related("citations").first()
    if message is None:
        return None
    closed, tail = StreamingRenderer(citations.links(message, message.citations.all())).feed(message.text)
    return {"type": "snapshot", "message": str(message.id), "number": message.event, "closed": closed, "tail": tail}
