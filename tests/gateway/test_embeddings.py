"""Large answers of an embedding model must not keep all others waiting."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

import pytest

from gateway import embeddings
from gateway.callers import Caller
from gateway.metering import Consumption
from gateway.models import Purpose, Upstream, Usage
from tests.fake_upstream import FakeUpstream

COUNT, DIMENSIONS = 2048, 512


@contextlib.asynccontextmanager
async def longest_wait() -> AsyncIterator[list[float]]:
    """How long somebody else had to wait for the event loop at most."""
    waits = [0.0]

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            waits[0] = max(waits[0], time.perf_counter() - before)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    yield waits
    await asyncio.sleep(0.01)  # for the wait that just ended to be counted
    ticking.cancel()


@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_a_large_answer_keeps_nobody_waiting(
    aviary: Upstream, fake_upstream: FakeUpstream, caller: Caller, encoding: str
) -> None:
    vector = [0.123456789012345 + number / 1e6 for number in range(DIMENSIONS)]
    data = [{"index": index, "embedding": vector} for index in range(COUNT)]
    raw = json.dumps({"data": data, "usage": {"prompt_tokens": 1}}).encode()
    body = {"model": "bge-finch", "input": ["x"] * COUNT, "encoding_format": encoding}
    found = []
    for _ in range(3):  # a machine that does something else for a moment proves nothing
        fake_upstream.send(raw, content_type="application/json")
        async with longest_wait() as waits:
            answer = await embeddings.answer(caller, dict(body), purpose=Purpose.API)
        found += waits
    assert len(answer) > COUNT * DIMENSIONS * 5
    assert min(found) < at_once(raw, encoding) / 3


def at_once(raw: bytes, encoding: str) -> float:
    """How long all would wait if the same was done in the loop."""
    began = time.perf_counter()
    vectors = embeddings._vectors(json.loads(raw)["data"], COUNT)
    embeddings._written("bge-finch", vectors, Consumption(Usage.Status.DONE, 0, 0), in_base64=encoding == "base64")
    return time.perf_counter() - began
