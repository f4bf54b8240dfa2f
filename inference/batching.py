"""One thread computes for everybody: texts of several callers share a batch, and a short request never waits
behind the whole of a long one.

A batch is filled from what waits at that moment. Urgent texts go first; after `URGENT_IN_A_ROW` batches of them one
batch of the others is taken, so that neither can starve. The oldest waiting text leads the batch, and texts of
about its length fill it up to `BATCH_TOKENS` (padding costs as much as text). A batch of that size takes a
tenth or two of a second on a CPU core, and that is how long a query may wait; larger ones would save a tenth of work.
"""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inference.embedding import Vectors

BATCH_TOKENS = 512
URGENT_INPUTS = 8  # a request of at most so many texts comes from a person who waits
URGENT_IN_A_ROW = 8


class Embedder(Protocol):
    def lengths(self, texts: Sequence[str]) -> list[int]: ...
    def embed(self, texts: Sequence[str]) -> Vectors: ...


class Job:
    """One caller's texts; the future is done when the last of them is."""

    def __init__(self, size: int) -> None:
        self.vectors: list[Vectors | None] = [None] * size
        self.missing = size
        self.future: Future[Vectors] = Future()

    def put(self, position: int, vector: Vectors) -> None:
        self.vectors[position] = vector
        self.missing -= 1
        if not self.missing and self.future.set_running_or_notify_cancel():
            self.future.set_result(np.stack([vector for vector in self.vectors if vector is not None]))

    def fail(self, error: Exception) -> None:
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


@dataclass(frozen=True, eq=False)
class Text:
    job: Job
    position: int
    text: str
    tokens: int


class Batcher:
    def __init__(self, model: Embedder) -> None:
        self.model = model
        self._waiting: dict[bool, list[Text]] = {True: [], False: []}  # by urgency, oldest first
        self._urgent_in_a_row = 0
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="embedding", daemon=True)
        self._thread.start()

    async def embed(self, texts: Sequence[str], tokens: Sequence[int], *, urgent: bool | None = None) -> Vectors:
        """One vector a text, in order. A caller who is cancelled takes what still waits out of the queue."""
        if urgent is None:
            urgent = len(texts) <= URGENT_INPUTS
        job = Job(len(texts))
        batch = [Text(job, n, text, size) for n, (text, size) in enumerate(zip(texts, tokens, strict=True))]
        with self._changed:
            self._waiting[urgent] += batch
            self._changed.notify()
        try:
            return await asyncio.wrap_future(job.future)
        finally:
            if job.missing:
                self._drop(job)

    @property
    def waiting(self) -> int:
        return sum(len(texts) for texts in self._waiting.values())

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _drop(self, job: Job) -> None:
        with self._changed:
            for urgent, texts in self._waiting.items():
                self._waiting[urgent] = [text for text in texts if text.job is not job]

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                vectors = self.model.embed([text.text for text in batch])
            except (LookupError, RuntimeError, TypeError, ValueError) as error:  # what torch and tokenizers raise
                self._fail({text.job for text in batch}, error)
                continue
            for text, vector in zip(batch, vectors, strict=True):
                text.job.put(text.position, vector)

    def _fail(self, jobs: set[Job], error: Exception) -> None:
        for job in jobs:
            self._drop(job)
            job.fail(error)

    def _next_batch(self) -> list[Text]:
        """Wait for texts; empty when the batcher has been stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self.waiting)
            if self._stopped:
                return []
            urgent = bool(self._waiting[True])
            if urgent and self._waiting[False] and self._urgent_in_a_row >= URGENT_IN_A_ROW:
                urgent = False
            self._urgent_in_a_row = self._urgent_in_a_row + 1 if urgent else 0
            batch = fill(self._waiting[urgent])
            chosen = set(batch)
            self._waiting[urgent] = [text for text in self._waiting[urgent] if text not in chosen]
            return batch


def fill(waiting: Sequence[Text]) -> list[Text]:
    """The oldest text and as many of the next shorter ones as fit beside it, then of the next longer ones."""
    by_length = sorted(waiting, key=lambda text: text.tokens, reverse=True)
    first = last = by_length.index(waiting[0])
    while last + 1 < len(by_length) and (last + 2 - first) * by_length[first].tokens <= BATCH_TOKENS:
        last += 1
    while first > 0 and (last + 2 - first) * by_length[first - 1].tokens <= BATCH_TOKENS:
        first -= 1
    return by_length[first : last + 1]
