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
    told = _encoded(_told(request, conversation, [str(each) for each in answers], seen))
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(told, content_type="text/event-stream", headers=headers)


async def wait(request: HttpRequest, conversation: UUID, answers: Iterable[UUID]) -> None:
    """Until they have ended, however that is."""
    async for _ in _told(request, conversation, [str(each) for each in answers], 0):
        pass


async def _encoded(found: AsyncGenerator[Event | None, None]) -> AsyncGenerator[bytes, None]:
    async for event in found:
        if event is None:
            yield BREATH
            continue
        number = f"id: {event['number']}\n".encode() if "number" in event else b""
        yield number + f"event: {event['type']}\n".encode() + b"data: " + to_json(event) + b"\n\n"


async def _told(
    request: HttpRequest, conversation: UUID, answers: list[str], seen: int
) -> AsyncGenerator[Event | None, None]:
    """None where nothing happened for a while. It ends with the last answer, or when the caller may no longer."""
    follower, waiting = Follower(conversation, person(request)), set(answers)
    async with _Channel(conversation) as channel:
        for answer in answers:
            follower.seen |= {answer: seen} if seen else {}
            if not seen:
                async for event in follower.caught_up(answer, at_least=0):
                    yield event
        looked = float("-inf")
        while True:
            if time.monotonic() - looked >= LOOK_EVERY:
                looked = time.monotonic()
                if not await in_database(_may_follow, request, conversation) or not await _key_holds(request):
                    return
                for answer in sorted(waiting):
                    if event := await follower.end_of(answer):
                        waiting.remove(answer)
                        yield await _with_message(event)
            if not waiting:
                return
            published = await channel.next()
            if published is None:
                yield None
                continue
            if published.get("message") not in waiting or published["type"] in ("asked", "branch"):
                continue
            async for event in follower.taken(published):
                is_end = event["type"] == "ended"
                waiting -= {event["message"]} if is_end else set()
                yield await _with_message(event) if is_end else event


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


async def _with_message(event: Event) -> Event:
    """The end says all there is, for scripts that want no HTML."""
    return {**event, "answer": (await in_database(_shape, event["message"])).model_dump()}


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
