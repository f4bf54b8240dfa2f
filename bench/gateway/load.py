"""The load: a process of its own that keeps `concurrency` connections busy and prints what it saw as one JSON object.

Raw sockets and httptools, so that it costs less than what it measures.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import httptools
import uvloop

from bench.gateway.mock_upstream import WORD

TIMEOUT = 120.0  # seconds for one answer
MARK = WORD.encode()


@dataclass
class Order:
    url: str
    secret: str
    model: str
    count: int
    concurrency: int
    stream: bool = False
    max_tokens: int = 20
    seconds: float = 3600.0  # begin no further call after that
    hang_up_at: int = 0  # delta; 0: stay to the end
    arriving: float = 0.0  # seconds over which the first ones come; 0: all at the same moment


@dataclass
class Answer:
    status: int = 0
    begun: float = field(default_factory=time.monotonic)
    first: float = 0.0
    ended: float = 0.0
    body: bytearray = field(default_factory=bytearray)
    is_right: bool = False

    def judge(self, order: Order) -> None:
        end = b"[DONE]" if order.stream else b'"usage"'
        self.is_right = self.status == 200 and self.body.count(MARK) == order.max_tokens and end in self.body
        if self.is_right:
            self.body.clear()  # a hundred thousand of them are kept


class Client(asyncio.Protocol):
    """One connection, which is kept alive and opened again where the server closed it."""

    def __init__(self, order: Order) -> None:
        self.order, self.transport = order, cast(asyncio.Transport, None)
        self.waiting: asyncio.Future[None] | None = None

    async def ask(self, tag: str) -> Answer:
        loop = asyncio.get_running_loop()
        if self.transport is None or self.transport.is_closing():
            place = urlsplit(self.order.url)
            await loop.create_connection(lambda: self, place.hostname or "", place.port or 80)
        self.parser, self.answer, self.waiting = httptools.HttpResponseParser(self), Answer(), loop.create_future()
        self.transport.write(request(self.order, tag))
        await asyncio.wait_for(self.waiting, TIMEOUT)
        self.answer.judge(self.order)
        return self.answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self.finish()

    def finish(self) -> None:
        if self.waiting and not self.waiting.done():
            self.answer.ended = time.monotonic()
            self.waiting.set_result(None)

    def on_body(self, body: bytes) -> None:
        answer = self.answer
        answer.body += body
        if not answer.first and MARK in answer.body:
            answer.first = time.monotonic()
        if self.order.hang_up_at and answer.body.count(MARK) >= self.order.hang_up_at:
            self.finish()
            self.transport.close()

    def on_message_complete(self) -> None:
        self.answer.status = self.parser.get_status_code()
        if not self.parser.should_keep_alive():
            self.transport.close()
        self.finish()


def request(order: Order, tag: str) -> bytes:
    content: dict[str, Any] = {"model": order.model, "messages": [{"role": "user", "content": tag}]}
    content["max_tokens"] = order.max_tokens
    if order.stream:
        content |= {"stream": True, "stream_options": {"include_usage": True}}
    body, place = json.dumps(content).encode(), urlsplit(order.url)
    head = f"POST {place.path}/chat/completions HTTP/1.1\r\nhost: {place.netloc}\r\ncontent-type: application/json\r\n"
    return f"{head}authorization: Bearer {order.secret}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def keep_busy(
    order: Order, tags: Iterator[str], deadline: float, answers: dict[str, Answer], arrival: float
) -> None:
    client = Client(order)
    await asyncio.sleep(arrival)
    for tag in tags:
        if time.monotonic() > deadline:
            break
        try:
            answers[tag] = await client.ask(tag)
        except (OSError, TimeoutError) as error:
            answers[tag] = Answer(body=bytearray(repr(error).encode()))
            await asyncio.sleep(0.01)
    if client.transport:
        client.transport.close()


async def run(order: Order) -> dict[str, Any]:
    answers: dict[str, Answer] = {}
    tags, begun = (f"call-{number}" for number in range(order.count)), time.monotonic()
    deadline = begun + order.seconds
    arrivals = (order.arriving * number / order.concurrency for number in range(order.concurrency))
    await asyncio.gather(*(keep_busy(order, tags, deadline, answers, arrival) for arrival in arrivals))
    if order.hang_up_at:
        return {"count": len(answers), "hung_up": {tag: answer.ended for tag, answer in answers.items()}}
    right = [answer for answer in answers.values() if answer.is_right]
    wrong = [answer for answer in answers.values() if not answer.is_right]
    return {
        "count": len(answers),
        "failed": len(wrong),
        "seconds": time.monotonic() - begun,
        "first": percentiles([1000 * (answer.first - answer.begun) for answer in right]),
        "whole": percentiles([1000 * (answer.ended - answer.begun) for answer in right]),
        "complaints": sorted({f"{answer.status} {bytes(answer.body[-200:])!r}" for answer in wrong})[:3],
    }


def percentiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values) or [float("nan")]
    return {f"p{part}": ordered[min(len(ordered) - 1, len(ordered) * part // 100)] for part in (50, 95)}


def command(order: Order) -> list[str]:
    return [sys.executable, "-m", "bench.gateway.load", json.dumps(asdict(order))]


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(Order(**json.loads(sys.argv[1]))))))
