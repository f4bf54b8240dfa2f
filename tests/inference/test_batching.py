import asyncio
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from inference.batching import BATCH_TOKENS, URGENT_INPUTS, Batcher, Job, Text, fill
from inference.embedding import Vectors


class Letters:
    """An embedder whose vector is the text's length; it waits at a gate and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.started = threading.Event()

    def lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        self.started.set()
        self.gate.wait(10)
        if "broken" in texts:
            raise RuntimeError("out of memory")
        return np.array([[len(text)] for text in texts], dtype=np.float32)


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def batcher(letters: Letters) -> Iterator[Batcher]:
    running = Batcher(letters)
    yield running
    letters.gate.set()
    running.stop()


def embed(batcher: Batcher, texts: list[str], size: int = 10) -> "asyncio.Task[Vectors]":
    return asyncio.create_task(batcher.embed(texts, [size] * len(texts)))


async def busy(batcher: Batcher, letters: Letters) -> "asyncio.Task[Vectors]":
    """The worker holds one text at the gate, so that everything after it queues."""
    task = embed(batcher, ["first"])
    await asyncio.to_thread(letters.started.wait, 10)
    return task


async def test_two_callers_share_a_batch(batcher: Batcher, letters: Letters) -> None:
    await busy(batcher, letters)
    tasks = [embed(batcher, ["one", "three"]), embed(batcher, ["four"])]
    await asyncio.sleep(0.05)
    letters.gate.set()
    assert [(await task).tolist() for task in tasks] == [[[3], [5]], [[4]]]
    assert sorted(letters.batches[1]) == ["four", "one", "three"]


async def test_a_query_overtakes_an_ingestion(batcher: Batcher, letters: Letters) -> None:
    await busy(batcher, letters)
    long = embed(batcher, ["chunk"] * 50, size=BATCH_TOKENS // 4)
    await asyncio.sleep(0.05)
    query = embed(batcher, ["query"])
    await asyncio.sleep(0.05)
    letters.gate.set()
    await asyncio.gather(long, query)
    assert letters.batches[1] == ["query"]


async def test_an_ingestion_is_not_starved_by_queries(batcher: Batcher, letters: Letters) -> None:
    await busy(batcher, letters)
    tasks = [embed(batcher, ["chunk"] * (URGENT_INPUTS + 1))]
    tasks += [embed(batcher, ["query"], size=BATCH_TOKENS) for _ in range(30)]
    await asyncio.sleep(0.05)
    letters.gate.set()
    await asyncio.gather(*tasks)
    assert "chunk" in [batch[0] for batch in letters.batches[:12]]


async def test_who_leaves_is_dropped_from_the_queue(batcher: Batcher, letters: Letters) -> None:
    await busy(batcher, letters)
    leaving = embed(batcher, ["leaves"] * 20)
    await asyncio.sleep(0.05)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert batcher.waiting == 0
    letters.gate.set()
    assert (await embed(batcher, ["stays"])).tolist() == [[5]]
    assert ["leaves"] not in [batch[:1] for batch in letters.batches]


async def test_a_failure_reaches_its_callers_alone(batcher: Batcher, letters: Letters) -> None:
    letters.gate.set()
    with pytest.raises(RuntimeError, match="out of memory"):
        await batcher.embed(["broken", "x"], [BATCH_TOKENS, 1])
    assert (await embed(batcher, ["fine"])).tolist() == [[4]]
    assert batcher.waiting == 0


def test_a_batch_holds_the_oldest_text_and_texts_of_its_length() -> None:
    job = Job(1)
    waiting = [Text(job, n, str(n), size) for n, size in enumerate([100, 3, 256, 90, 102, 4])]
    assert [text.tokens for text in fill(waiting)] == [102, 100, 90, 4, 3]
    many = [Text(job, n, str(n), 256 if n % 2 else 8) for n in range(100)]
    batch = fill(many)
    assert many[0] in batch and {text.tokens for text in batch} == {8}


@pytest.mark.parametrize("sizes", [[256] * 40, [5] * 5000, [BATCH_TOKENS * 3], [1, 256] * 30])
def test_a_batch_keeps_to_its_budget_even_when_padded(sizes: list[int]) -> None:
    batch = fill([Text(Job(1), n, "", size) for n, size in enumerate(sizes)])
    assert len(batch) == 1 or len(batch) * max(text.tokens for text in batch) <= BATCH_TOKENS
