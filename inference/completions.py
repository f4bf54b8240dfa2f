"""Chat completions on the wire: one JSON object, or a stream of server-sent events."""

import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from inference.exceptions import InferenceError
from inference.requests import ChatRequest


@dataclass(frozen=True)
class Finished:
    """The last thing a chat model yields."""

    reason: str  # "stop" or "length"
    prompt_tokens: int
    completion_tokens: int

    def usage(self) -> dict[str, int]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }


class ChatModel(Protocol):
    id: str

    def stream(self, request: ChatRequest) -> AsyncGenerator[str | Finished, None]:
        """The answer piece by piece, then `Finished`; closing it early stops the work."""


@dataclass(frozen=True)
class Envelope:
    """What every object of one completion carries."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def around(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
            **more,
        }

    def delta(self, delta: dict[str, str], reason: str | None = None, **more: Any) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self.around("chat.completion.chunk", [choice], **more)


async def whole(pieces: AsyncIterator[str | Finished], model: str) -> dict[str, Any]:
    text, end = "", Finished("stop", 0, 0)
    async for piece in pieces:
        if isinstance(piece, str):
            text += piece
        else:
            end = piece
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end.reason}
    return Envelope(model).around("chat.completion", [choice], usage=end.usage())


async def events(
    pieces: AsyncGenerator[str | Finished, None], request: ChatRequest, first: str | Finished
) -> AsyncGenerator[bytes, None]:
    """`first` was taken from `pieces` already: what goes wrong before that is answered with a status."""
    envelope = Envelope(request.model)
    extra: dict[str, Any] = {"usage": None} if request.include_usage else {}
    try:
        yield event(envelope.delta({"role": "assistant", "content": ""}, **extra))
        async for piece in _again(first, pieces):
            if isinstance(piece, str):
                yield event(envelope.delta({"content": piece}, **extra))
                continue
            yield event(envelope.delta({}, piece.reason, **extra))
            if request.include_usage:
                yield event(envelope.around("chat.completion.chunk", [], usage=piece.usage()))
        yield b"data: [DONE]\n\n"
    except InferenceError as error:
        yield event(error.to_dict())
    finally:
        await pieces.aclose()


def event(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


async def _again(first: str | Finished, rest: AsyncIterator[str | Finished]) -> AsyncIterator[str | Finished]:
    yield first
    async for piece in rest:
        yield piece
