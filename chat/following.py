"""Following the answers of a conversation: all their events in order, whenever one begins to listen (see `events`)."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation

from accounts.models import User
from chat import events
from chat.events import Event
from chat.snapshots import ended, running, snapshot
from gateway.database import in_database

CATCH_UP_EVERY = 0.25  # seconds; the writer saves once a second, a long answer each five
CATCH_UP_FOR = 10  # seconds; what has not been saved by then will come with the end


class Follower:
    """One reader. What was seen of an answer is known by the number of its last event."""

    def __init__(self, conversation: UUID, user: User) -> None:
        self.conversation = conversation
        self.user = user
        self.language = user.language or settings.LANGUAGE_CODE
        self.seen: dict[str, int] = {}

    async def under_way(self) -> AsyncIterator[Event]:
        """The answers being written, from where they stand."""
        for message in await in_database(running, self.conversation):
            async for event in self.caught_up(message, at_least=0):
                yield event

    async def taken(self, event: Event) -> AsyncIterator[Event]:
        """An event that was published, unless it was seen; on a gap the stored answer is awaited that closes it."""
        if number := event.get("number"):
            seen = self.seen.get(event["message"], 0)
            if number <= seen:
                return
            if number > seen + 1 and event["type"] != "ended":
                async for stored in self.caught_up(event["message"], at_least=number - 1):
                    yield stored
                if number != self.seen.get(event["message"], 0) + 1:
                    return
            self.seen[event["message"]] = number
        if self.wants(event):
            yield event

    async def caught_up(self, message: str, at_least: int) -> AsyncIterator[Event]:
        """A running answer as stored once it contains the event `at_least`."""
        deadline = time.monotonic() + CATCH_UP_FOR
        while found := await in_database(self._snapshot, message, at_least):
            if found["number"] >= at_least:
                self.seen[found["message"]] = found["number"]
                if self.wants(found):
                    yield found
                return
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(CATCH_UP_EVERY)

    async def end_of(self, message: str) -> Event | None:
        """None while it runs, and for what is no answer of this conversation."""
        return await in_database(self._ended, message)

    def wants(self, event: Event) -> bool:
        """Who wants answers whole is sent none of their parts."""
        return not (self.user.whole_answers and event["type"] in events.PARTS)

    def _snapshot(self, message: str, at_least: int) -> Event | None:
        """In the reader's language."""
        with self._language():
            return snapshot(self.conversation, message, at_least)

    def _ended(self, message: str) -> Event | None:
        with self._language():
            return ended(self.conversation, message)

    def _language(self) -> Any:
        return translation.override(self.language)
