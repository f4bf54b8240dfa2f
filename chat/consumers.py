"""The conversation's socket: tells a tab of the answer under way (protocol: `events`)."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings

from accounts import factors, notices, sessions
from chat import events
from chat.following import Follower
from chat.models import Conversation
from gateway.database import in_database

RECHECK_EVERY = 5  # seconds
LONGEST_FRAME = 1_000  # characters
MOST_RUNNING = 2  # answers at once
NOT_FOUND = 4404
LANGUAGES = [code for code, _name in settings.LANGUAGES]


class ConversationConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels ships no types
    async def connect(self) -> None:
        self.attached = False
        self.checked = time.monotonic()
        self.conversation_id: UUID = self.scope["url_route"]["kwargs"]["conversation"]
        if not await self._visible():
            await self.close(NOT_FOUND)
            return
        self.follower = Follower(self.conversation_id, self.scope["user"])
        await self.channel_layer.group_add(events.group(self.conversation_id), self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(events.group(self.conversation_id), self.channel_name)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Without the look after old connections for which Channels goes into a thread with each event: whatever asks
        the database here gives its connection back itself."""
        await getattr(self, get_handler_name(message))(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        text = text_data or ""
        try:
            content = json.loads(text) if len(text) <= LONGEST_FRAME else None
        except (ValueError, RecursionError):
            content = None
        await self.receive_json(content)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if not await self._visible():  # the right may be gone since the socket was opened
            await self.close(NOT_FOUND)
            return
        match content:
            case {"type": "attach", **shown}:
                self.attached = True
                if shown.get("language") in LANGUAGES:  # a reader who has chosen none has the browser's
                    self.follower.language = str(shown["language"])
                await self._tell(self.follower.under_way())
                await self._make_up_for(shown)
            case _:
                await self.send_json({"type": "error", "code": "unknown_message"})

    async def event(self, message: dict[str, Any]) -> None:
        """From the group."""
        event = message["event"]
        if event["type"] == "ended":  # perhaps because the right to it ended, and the last event for long
            self.checked = float("-inf")
        if self.attached and await self._still_allowed():
            await self._tell(self.follower.taken(event))

    async def _tell(self, found: AsyncIterator[events.Event]) -> None:
        async for event in found:
            await self.send_json(event)

    async def _make_up_for(self, shown: dict[Any, Any]) -> None:
        """A page may show an answer as running that ended, a title that changed, and a branch that was left, before its
        socket was there."""
        messages = shown.get("messages")
        for message in messages[:MOST_RUNNING] if isinstance(messages, list) else ():
            if isinstance(message, str) and (event := await self.follower.end_of(message)):
                await self.send_json(event)
        for what, look in (("title", self._titled), ("last", self._branched)):
            if isinstance(shown.get(what), str) and (event := await in_database(look, shown[what])):
                await self.send_json(event)

    def _titled(self, shown: str) -> events.Event | None:
        given = Conversation.objects.filter(id=self.conversation_id, titled=True).exclude(title=shown)
        title = given.values_list("title", flat=True).first()
        return {"type": "titled", "title": title} if title else None

    def _branched(self, last: str) -> events.Event | None:
        found = Conversation.objects.filter(id=self.conversation_id, shown__isnull=False)
        message = found.values_list("shown", flat=True).first()
        return {"type": "branch", "message": str(message)} if message and str(message) != last else None

    async def _still_allowed(self) -> bool:
        """Signing out, deactivation and deletion take effect within `RECHECK_EVERY` on an open socket, too."""
        if time.monotonic() - self.checked < RECHECK_EVERY:
            return True
        self.checked = time.monotonic()
        if await self._visible():
            return True
        await self.close(NOT_FOUND)
        return False

    async def _visible(self) -> bool:
        return await in_database(may_watch, self.scope, self.conversation_id)


def may_watch(scope: dict[str, Any], conversation: UUID) -> bool:
    user, session = scope["user"], scope["session"]
    if not user.is_authenticated or not sessions.is_valid(session, user.pk):  # signed out since
        return False
    if factors.is_missing(user, session) or notices.is_due(user):
        return False
    return Conversation.objects.visible_to(user).filter(id=conversation, owner__is_active=True).exists()
