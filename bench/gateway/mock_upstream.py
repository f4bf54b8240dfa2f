"""A very cheap OpenAI-like server. The name of the model says how fast it answers: `mock-ttft100-itl20` streams its
first delta after 100 ms and the next ones 20 ms apart, as many as `max_tokens` asks for.

GET /stats tells what became of the streams since it was last asked.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any, cast

import httptools
import uvloop

INSTANT, PACED, SLOW = "mock-ttft0-itl0", "mock-ttft100-itl20", "mock-ttft100-itl100"
MODELS = [INSTANT, PACED, SLOW]
WORD = " finch"  # the content of every delta
INPUT_TOKENS = 10
SPEED = re.compile(r"ttft(\d+)-itl(\d+)")
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

streams: list["Stream"] = []


def usage(tokens: int) -> dict[str, int]:
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": tokens, "total_tokens": INPUT_TOKENS + tokens}


def completion(model: str, tokens: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": WORD * tokens}
    choices = [{"index": 0, "message": message, "finish_reason": "length"}]
    head = {"id": "chatcmpl-mock", "object": "chat.completion", "created": 1, "model": model}
    return {**head, "choices": choices, "usage": usage(tokens)}


def event(model: str, choices: list[dict[str, Any]], **more: Any) -> bytes:
    head = {"id": "chatcmpl-mock", "object": "chat.completion.chunk", "created": 1, "model": model}
    return b"data: " + json.dumps({**head, "choices": choices, **more}, separators=(",", ":")).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Stream:
    """One streamed answer; each delta is due at its own time, however late the one before was."""

    def __init__(self, transport: asyncio.Transport, body: dict[str, Any]) -> None:
        self.transport, self.model, self.tokens = transport, body["model"], body.get("max_tokens", 16)
        self.tag = body["messages"][-1]["content"]
        self.wants_usage = (body.get("stream_options") or {}).get("include_usage", False)
        self.deltas, self.is_complete = 0, False
        self.closed_at: float | None = None
        speed, self.loop = SPEED.search(self.model), asyncio.get_running_loop()
        first, self.between = (int(part) / 1000 for part in speed.groups()) if speed else (0.0, 0.0)
        self.due = self.loop.time() + first
        delta = {"index": 0, "delta": {"content": WORD}, "finish_reason": None}
        self.piece = chunk(event(self.model, [delta]))
        transport.write(STREAM_HEAD)
        self.timer = self.loop.call_at(self.due, self.send)

    def send(self) -> None:
        if self.deltas == self.tokens:
            return self.finish()
        self.transport.write(self.piece)
        self.deltas += 1
        self.due += self.between if self.deltas < self.tokens else 0
        self.timer = self.loop.call_at(self.due, self.send)

    def finish(self) -> None:
        self.is_complete = True
        last = chunk(event(self.model, [{"index": 0, "delta": {}, "finish_reason": "length"}]))
        if self.wants_usage:
            last += chunk(event(self.model, [], usage=usage(self.tokens)))
        self.transport.write(last + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")

    def close(self) -> None:
        if not self.is_complete and self.closed_at is None:
            self.closed_at = time.monotonic()
            self.timer.cancel()

    def account(self) -> dict[str, Any]:
        return {"tag": self.tag, "deltas": self.deltas, "complete": self.is_complete, "closed_at": self.closed_at}


class Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpRequestParser(self)
        self.stream: Stream | None = None

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self.stream:
            self.stream.close()

    def on_message_begin(self) -> None:
        self.url, self.body = b"", b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.url == b"/stats":
            self.answer([stream.account() for stream in streams])
            streams.clear()
        elif self.url == b"/v1/models":
            self.answer({"object": "list", "data": [{"id": model, "object": "model"} for model in MODELS]})
        elif self.url == b"/v1/chat/completions":
            self.complete(json.loads(self.body))
        else:
            self.answer({"error": {"message": "not found"}}, b"404 Not Found")

    def complete(self, body: dict[str, Any]) -> None:
        if body.get("stream"):
            self.stream = Stream(self.transport, body)
            streams.append(self.stream)
        else:
            self.answer(completion(body["model"], body.get("max_tokens", 16)))

    def answer(self, content: Any, status: bytes = b"200 OK") -> None:
        data = json.dumps(content, separators=(",", ":")).encode()
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(data))
        self.transport.write(head + data)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
