"""What a chat completion is told in, and what is heard of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from gateway.exceptions import GatewayError
from gateway.responses import events

Chunk = dict[str, Any]
ASK = {"model": "parrot", "input": "Wann öffnet die Voliere?"}
USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12, "prompt_tokens_details": {"cached_tokens": 3}}
TYPED: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def chunk(finish: str | None = None, **delta: Any) -> Chunk:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "chatcmpl-1", "created": 1_800_000_000, "model": "parrot", "choices": [choice]}


def called(index: int, arguments: str = "", **more: Any) -> dict[str, Any]:
    name = more.pop("name", None)
    return {"index": index, "function": ({"name": name} if name else {}) | {"arguments": arguments}} | more


def counted() -> Chunk:
    return chunk() | {"choices": [], "usage": USAGE}


def completion(finish: str = "stop", usage: Any = USAGE, **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
    return {"id": "chatcmpl-1", "created": 1_800_000_000, "model": "parrot", "choices": [choice], "usage": usage}


async def pieces(chunks: Iterable[Chunk], error: GatewayError | None = None) -> AsyncIterator[Chunk]:
    for piece in chunks:
        yield piece
    if error:
        raise error


def heard(chunks: Iterable[Chunk], error: GatewayError | None = None, **asked: Any) -> list[dict[str, Any]]:
    """All events, each of them valid in the eyes of the SDK. An error is raised once it was told."""
    found: list[dict[str, Any]] = []

    async def gather() -> None:
        async for event in events(ASK | asked, pieces(chunks, error)):
            found.append(event)

    with pytest.raises(type(error)) if error else contextlib.nullcontext():
        asyncio.run(gather())
    assert [TYPED.validate_python(event).type for event in found] == [event["type"] for event in found]
    assert [event["sequence_number"] for event in found] == list(range(len(found)))
    return found


def valid(response: dict[str, Any]) -> Response:
    return Response.model_validate(response)
