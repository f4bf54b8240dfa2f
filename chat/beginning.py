"""What was asked is shown in every tab, and its answers are begun."""

from collections.abc import Sequence

from asgiref.sync import sync_to_async

from chat import conversations, events, generation
from chat.events import Event
from chat.models import Message
from gateway.models import ApiKey


async def begin(new: Sequence[Message], api_key: ApiKey | None = None) -> Event:
    """`new` are new messages of a conversation, in their order. A script's answer is written by its key's rights and on
    its quotas."""
    conversation, parent = new[-1].conversation, new[0].parent_id
    answers = [message for message in new if message.is_running]
    html = await sync_to_async(conversations.messages_html)(new)
    asked = {"type": "asked", "html": html, "message": str(new[-1].id), "parent": str(parent) if parent else None}
    await events.publish(conversation.id, asked)
    for answer in answers:
        answer.asked_with = api_key
        generation.start(answer)
    return asked
