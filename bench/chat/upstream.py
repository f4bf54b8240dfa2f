"""The mock model server of the gateway's benchmark with answers in Markdown; each word is the time it was sent."""

import asyncio
import sys
import time
from typing import Any

import uvloop

from bench.gateway import mock_upstream
from bench.gateway.mock_upstream import Connection, Stream, chunk, event

LENGTH = 260  # deltas: about 4 kB
BEFORE = {0: "\n\n## ", 6: "\n\n", 30: "\n\n- ", 36: "\n- ", 42: "\n- "}  # every 50 deltas


def word(number: int) -> str:
    return f"{BEFORE.get(number % 50, ' ')}t{time.monotonic_ns() // 1000}"


class TimedStream(Stream):
    def __init__(self, transport: asyncio.Transport, body: dict[str, Any]) -> None:
        super().__init__(transport, {**body, "max_tokens": LENGTH})

    def send(self) -> None:
        delta = {"index": 0, "delta": {"content": word(self.deltas)}, "finish_reason": None}
        self.piece = chunk(event(self.model, [delta]))
        super().send()


async def serve(port: int) -> None:
    mock_upstream.Stream = TimedStream  # type: ignore[misc]
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
