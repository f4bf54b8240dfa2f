"""An answer as server-sent events: those of the page's socket, with their numbers as ids (see `chat.events`)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.http import HttpRequest, StreamingHttpResponse
from pydantic_core import to_json
from redis.exceptions import RedisError

from accounts import sessions
from accounts.signing_in import person
from chat import events
from chat.events import Event
from chat.following import Follower
from chat.models import Conversation, Message
from chat.rest.shapes import MessageShape
from gateway.callers import Caller, standing
from gateway.database import in_database
from gateway.exceptions import GatewayError
from gateway.models import Scope

LOOK_EVERY = 5  # seconds: whether the caller still may, and whether an end was missed
BREATH = b": still there\n\n"


def stream(request: HttpRequest, conversation: UUID, answers: Iterable[UUID], seen: int = 0) -> StreamingHttpResponse:
    told = _encoded(_Reader(request, conversation, answers, seen).told())
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(told, content_type="text/event-stream", headers=headers)


async def wait(request: HttpRequest, conversation: UUID, answers: Iterable[UUID]) -> None:
    """Until they have ended, however that is."""
    async for _ in _Reader(request, conversation, answers, 0).told():
        pass


async def _encoded(found: AsyncGenerator[Event | None, None]) -> AsyncGenerator[bytes, None]:
    async for event in found:
        if event is None:
            yield BREATH
            continue
        number = f"id: {event['number']}\n".encode() if "number" in event else b""
        yield number + f"event: {event['type']}\n".encode() + b"data: " + to_json(event) + b"\n\n"


class _Reader:
    """Follows answers for a caller until the last has ended, or the caller may no longer."""

    def __init__(self, request: HttpRequest, conversation: UUID, answers: Iterable[UUID], seen: int) -> None:
        self.request, self.conversation = request, conversation
        self.waiting = [str(answer) for answer in answers]
        self.follower = Follower(conversation, person(request))
        self.follower.seen = dict.fromkeys(self.waiting, seen) if seen else {}
        self.looked = float("-inf")

    async def told(self) -> AsyncGenerator[Event | None, None]:
        """None where nothing happened for a while."""
        async with _Channel(self.conversation) as channel:
            if not self.follower.seen:
                async for event in self._under_way():
                    yield event
            while self.waiting:
                if time.monotonic() - self.looked >= LOOK_EVERY:
                    if not await self._may_follow():
                        return
                    async for event in self._ends():
                        yield event
                    continue
                published = await channel.next()
                if published is None:
                    yield None
                    continue
                async for event in self._news(published):
                    yield event

    async def _news(self, published: Event) -> AsyncGenerator[Event, None]:
        if published["type"] == "ended":  # perhaps because the right to it ended: the next look tells
            self.looked = float("-inf")
        elif published.get("message") in self.waiting and published["type"] not in ("asked", "branch"):
            async for event in self.follower.taken(published):
                yield event

    async def _under_way(self) -> AsyncGenerator[Event, None]:
        for answer in self.waiting:
            async for event in self.follower.caught_up(answer, at_least=0):
                yield event

    async def _may_follow(self) -> bool:
        self.looked = time.monotonic()
        return await in_database(_may_follow, self.request, self.conversation) and await _key_holds(self.request)

    async def _ends(self) -> AsyncGenerator[Event, None]:
        """Of those whose end was not heard of."""
        for answer in list(self.waiting):
            if event := await self.follower.end_of(answer):
                yield await self._ended(event)

    async def _ended(self, event: Event) -> Event:
        """The end says all there is, for scripts that want no HTML."""
        self.waiting.remove(event["message"])
        return {**event, "answer": (await in_database(_shape, event["message"])).model_dump()}


class _Channel:
    """What is published on a conversation. Redis may be away: then the database alone tells of the end."""

    def __init__(self, conversation: UUID) -> None:
        self.layer: Any = get_channel_layer()
        self.group = events.group(conversation)
        self.name = ""

    async def __aenter__(self) -> "_Channel":
        try:
            self.name = await self.layer.new_channel()
            await self.layer.group_add(self.group, self.name)
        except (RedisError, OSError):
            self.name = ""
        return self

    async def next(self) -> Event | None:
        if not self.name:
            await asyncio.sleep(LOOK_EVERY)
            return None
        try:
            message = await asyncio.wait_for(self.layer.receive(self.name), LOOK_EVERY)
        except TimeoutError:
            return None
        event: Event = message["event"]
        return event

    async def __aexit__(self, *error: object) -> None:
        if self.name:
            await self.layer.group_discard(self.group, self.name)


def _shape(message: str) -> MessageShape:
    return MessageShape.of(Message.objects.prefetch_related("citations").get(pk=message))


async def _key_holds(request: HttpRequest) -> bool:
    caller: Caller = request.caller  # type: ignore[attr-defined]
    if caller.api_key is None:
        return True
    try:
        (await standing(caller)).allow(Scope.CHAT)
    except GatewayError:
        return False
    return True


def _may_follow(request: HttpRequest, conversation: UUID) -> bool:
    user, caller = person(request), request.caller  # type: ignore[attr-defined]
    if caller.api_key is None and not sessions.is_valid(request.session, user.pk):
        return False
    return Conversation.objects.visible_to(user).filter(id=conversation, owner__is_active=True).exists()
