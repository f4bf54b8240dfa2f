"""The events of a stream that an upstream sends, handed on as they are on the wire: nothing is written anew."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import aiohttp

from gateway.exceptions import UpstreamBroken, UpstreamError

LONGEST = 4 * 2**20  # bytes of an event
TICK = 0.5  # seconds
LAST_WORDS = 1.0  # seconds for the end of a stream after its last event
BEGIN, END = b"data: ", b"\n\n"  # of every event as it is handed on
DONE = b"data: [DONE]\n\n"
FAULTS = (TimeoutError, ValueError, RecursionError, aiohttp.ClientError)  # of a wire and what comes over it


def event_of(data: bytes) -> bytes:
    return BEGIN + data + END


def data_of(event: bytes) -> bytes:
    return event[len(BEGIN) : -len(END)]


class Events:
    """Each of them, as an iterator. A class, and one clock that looks now and then whether it is waited for too
    long: a generator more, or a time-out for each event, costs more than all the rest of it."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        patience: float,
        end: float,
        revoked: Callable[[], Exception | None],
        meaning: Callable[[Exception], UpstreamError],
    ) -> None:
        """`patience`: seconds from one event to the next; `end`: of the whole answer by the loop's clock, however much
        comes; `meaning` of a fault for the caller."""
        self.response, self.source = response, response.content
        self.patience, self.end = patience, end
        self.revoked, self.meaning = revoked, meaning
        self.ready: deque[bytes] = deque()
        self.buffer = b""
        self.until: float | None = None  # while it is waited for
        self.loop = asyncio.get_running_loop()
        self.clock = self.loop.call_later(TICK, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        if error := self.revoked():
            self.ready.clear()
            self.source.set_exception(error)
        elif now >= self.end or (self.until is not None and now >= self.until):
            self.source.set_exception(TimeoutError())
        else:
            self.clock = self.loop.call_later(TICK, self._look)

    def close(self) -> None:
        self.clock.cancel()
        self.response.close()

    async def first(self, until: float) -> bytes:
        """Without taking it; empty if there is none. Raises one of `FAULTS` or UpstreamBroken."""
        await self._fill(until)
        return self.ready[0] if self.ready else b""

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> bytes:
        if not self.ready:
            try:
                await self._fill(self.loop.time() + self.patience)
            except FAULTS as error:
                raise self.meaning(error) from error
        if not self.ready or (event := self.ready.popleft()) == DONE:
            await self._finish()
            raise StopAsyncIteration
        return event

    async def _fill(self, until: float) -> None:
        """Until there is an event, or the end; TimeoutError some moments after `until`, by the loop's clock."""
        while not self.ready:
            self.until = until
            more = await self.source.readany()
            self.until = None
            if not more:
                self.buffer, left = b"", self.buffer
                self._take(left)
                return
            self._read(more)

    def _read(self, more: bytes) -> None:
        if not self.buffer and more.count(b"\n") == 2 and more.startswith(BEGIN) and more.endswith(END):
            self.ready.append(more)  # one event, whole, as nearly all of them come
            return
        self.buffer += more
        if b"\r" in self.buffer:
            self.buffer = self.buffer.replace(b"\r\n", b"\n")
        *whole, self.buffer = self.buffer.split(END)
        for event in whole:
            self._take(event)
        if len(self.buffer) > LONGEST:
            raise UpstreamBroken

    def _take(self, event: bytes) -> None:
        lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
        if data := b" ".join(lines):  # an event goes on in one line; to JSON both are space
            self.ready.append(event_of(data))

    async def _finish(self) -> None:
        """Read to the end, so that the connection can be used again."""
        with contextlib.suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(LAST_WORDS):
                await self.source.readany()
                self.response.release()
