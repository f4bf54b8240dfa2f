"""The conversation's socket: tells a tab of the answer under way (protocol: `events`)."""

import asyncio
import json
from typing import Any
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from chat import events
from chat.models import Conversation
from chat.snapshots import ended, snapshot

CATCH_UP_EVERY = 0.25  # seconds; the writer saves once a second
NOT_FOUND = 4404


class ConversationConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels ships no types
    async def connect(self) -> None:
        self.seen: dict[str, int] = {}  # number of the last event told, by answer
        self.attached = False
        self.conversation_id: UUID = self.scope["url_route"]["kwargs"]["conversation"]
        if not await self._visible():
            await self.close(NOT_FOUND)
            return
        await self.channel_layer.group_add(events.group(self.conversation_id), self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(events.group(self.conversation_id), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        try:
            content = json.loads(text_data or "")
        except (ValueError, RecursionError):
            content = None
        await self.receive_json(content)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if not await self._visible():  # the right may be gone since the socket was opened
            await self.close(NOT_FOUND)
            return
        match content:
            case {"type": "attach", "message": str(shown)}:
                self.attached = True
                await self._catch_up(at_least=0)
                await self._tell_end(shown)
            case {"type": "attach"}:
                self.attached = True
                await self._catch_up(at_least=0)
            case _:
                await self.send_json({"type": "error", "code": "unknown_message"})

    async def event(self, message: dict[str, Any]) -> None:
        """From the group: passed on in order; on a gap the stored answer is awaited that closes it."""
        event = message["event"]
        if not self.attached:
            return
        if number := event.get("number"):
            seen = self.seen.get(event["message"], 0)
            if number <= seen:
                return
            if number > seen + 1 and event["type"] != "ended":
                await self._catch_up(at_least=number - 1)
                if number != self.seen.get(event["message"], 0) + 1:
                    return
            self.seen[event["message"]] = number
        await self.send_json(event)

    async def _catch_up(self, at_least: int) -> None:
        """Send the running answer as stored once it contains the event `at_least`."""
        while found := await database_sync_to_async(snapshot)(self.conversation_id):
            if found["number"] >= at_least:
                self.seen[found["message"]] = found["number"]
                await self.send_json(found)
                return
            await asyncio.sleep(CATCH_UP_EVERY)

    async def _tell_end(self, shown: str) -> None:
        """A page may show an answer as running that ended before its socket was there."""
        if event := await database_sync_to_async(ended)(self.conversation_id, shown):
            await self.send_json(event)

    async def _visible(self) -> bool:
        user = self.scope["user"]
        if not user.is_authenticated:
            return False
        return (
            await Conversation.objects.visible_to(user).filter(id=self.conversation_id, owner__is_active=True).aexists()
        )
