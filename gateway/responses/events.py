"""The events of a streamed response."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from gateway.exceptions import GatewayError, UpstreamBroken
from gateway.grounding import Grounds
from gateway.responses.answer import Answer, Event


async def events(
    body: dict[str, Any],
    pieces: AsyncIterator[dict[str, Any]],
    grounds: Grounds | None = None,
    beside: dict[str, Any] | None = None,
) -> AsyncGenerator[Event, None]:
    """Typed events from the chunks of a chat completion; whoever opened `pieces` closes them.

    An error before the first piece is raised, as there is still a status to say it with; a later one is told and then
    raised.
    """
    first = await anext(pieces, None)
    if first is None:
        raise UpstreamBroken
    answer = Answer(body, first, grounds, beside)
    for event in (*answer.begun(), *answer.told(first)):
        yield event
    try:
        async for piece in pieces:
            for event in answer.told(piece):
                yield event
        last = answer.ended()
    except GatewayError as error:
        for event in answer.failed(error):
            yield event
        error.is_told = True
        raise
    for event in last:
        yield event


def encoded(event: Event) -> bytes:
    """As a server-sent event. Nothing follows the last one."""
    return f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()
