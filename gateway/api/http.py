"""What a request is here, and what an answer."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from gateway.callers import Caller
from gateway.requests import Field

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = dict[str, str]


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""


@dataclass
class Request:
    method: str
    path: str  # without /v1
    headers: Headers  # names in lower case
    body: bytes
    caller: Caller
    own_headers: Headers = field(default_factory=dict)  # that the answer will carry, whatever it is
    parameters: dict[str, str] = field(default_factory=dict)  # of the path
    query_string: bytes = b""
    takes: Mapping[str, Field] = field(default_factory=dict)  # of a body
    pieces: AsyncGenerator[bytes, None] = field(default_factory=_nothing)  # of an upload, instead of a body
    is_under_way: bool = False  # and comes to its end though whoever asked has left

    @property
    def query(self) -> dict[str, str]:
        """Of a name that is there several times, the last value."""
        return dict(parse_qsl(self.query_string.decode("latin-1"), keep_blank_values=True))


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=dict)
    content_type: str = "application/json"
    events: AsyncGenerator[bytes, None] | None = None  # then the body is what ends them
    first: bytes = b""  # of the events

    @classmethod
    def of(cls, content: object, status: int = 200, headers: Headers | None = None) -> "Answer":
        return cls(status, json.dumps(content, separators=(",", ":"), allow_nan=False).encode(), headers or {})

    @classmethod
    async def stream(cls, events: AsyncGenerator[bytes, None], end: bytes = b"") -> "Answer":
        """Once the first is there: an error up to then still has a status of its own."""
        headers = {"cache-control": "no-cache", "x-accel-buffering": "no"}
        return cls(200, end, headers, "text/event-stream", events, first=await anext(events))


Endpoint = Callable[[Request], Awaitable[Answer]]
