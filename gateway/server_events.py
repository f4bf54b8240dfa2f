"""The events of a stream that an upstream sends, handed on as they are on the wire: nothing is written anew."""

import asyncio
import codecs
import contextlib
from collections import deque
from collections.abc import Callable

import aiohttp

from gateway.exceptions import UpstreamBroken, UpstreamError

LONGEST = 4 * 2**20  # bytes of an event
TICK = 0.5  # seconds
NEVER = float("inf")
LAST_WORDS = 1.0  # seconds for the end of a stream after its last event
BEGIN, END = b"data: ", b"\n\n"  # of every event as it is handed on
DONE = b"data: [DONE]\n\n"
FAULTS = (TimeoutError, ValueError, RecursionError, aiohttp.ClientError)  # of a wire and what comes over it


def event_of(data: bytes) -> bytes:
    return BEGIN + data + END


def data_of(event: bytes) -> bytes:
    return event[len(BEGIN) : -len(END)]


class Events:
    """What goes on of each of them, as an iterator.

    An answer has hundreds of deltas, and when the next one comes, what the last one used is in no cache any more. So
    little is used: one clock looks now and then whether it is waited for too long, instead of a time-out for each, and
    what is known already is not taken apart.
    """

    __slots__ = ("buffer", "clock", "end", "known", "loop", "meaning", "patience", "ready", "response", "revoked",
                 "source", "through", "until")  # fmt: skip

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
        self.known: Callable[[bytes], bytes | None] = lambda piece: None  # goes on as this, if it is a whole event
        self.through: Callable[[bytes], bytes | None] = lambda event: event  # any other goes on as this, or not at all
        self.ready: deque[bytes] = deque()
        self.buffer = bytearray()
        self.until: float | None = NEVER  # None: from the clock's next look on for as long as there is patience
        self.loop = asyncio.get_running_loop()
        self.clock = self.loop.call_later(TICK, self._look)

    def _look(self) -> None:
        now = self.loop.time()
        if self.until is None:
            self.until = now + self.patience
        if error := self.revoked():
            self.ready.clear()
            self.source.set_exception(error)
        elif now >= min(self.end, self.until):
            self.source.set_exception(TimeoutError())
        else:
            self.clock = self.loop.call_later(TICK, self._look)

    def close(self) -> None:
        self.clock.cancel()
        self.response.close()

    async def first(self, until: float) -> bytes:
        """Without taking it. Raises one of `FAULTS` or UpstreamBroken; TimeoutError some moments after `until`, by the
        loop's clock."""
        self.until = until
        while not self.ready:
            self._take(await self.source.readany())
        self.until = NEVER
        return self.ready[0]

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> bytes:
        self.until = None
        while True:
            if not self.ready:
                try:
                    piece = await self.source.readany()
                    known = self.known  # Python is slow to find a function where it expects a method
                    if not self.buffer and (told := known(piece)):
                        self.until = NEVER
                        return told
                    self._take(piece)
                except FAULTS as error:
                    raise self.meaning(error) from error
            elif (event := self.ready.popleft()) == DONE:
                self.until = NEVER
                await self._finish()
                raise StopAsyncIteration
            elif told := self.known(event) or self.through(event):
                self.until = NEVER
                return told
            else:
                self.until = None

    def _take(self, piece: bytes) -> None:
        """Nothing is the end, said or not."""
        if not piece:
            self._read(bytes(self.buffer))
            self.buffer.clear()
            self.ready.append(DONE)
        elif not self.buffer and piece.count(b"\n") == 2 and piece.startswith(BEGIN) and piece.endswith(END):
            self.ready.append(piece)  # one event, whole, as nearly all of them come
        else:
            self._split(piece)

    def _split(self, piece: bytes) -> None:
        """Looks at what is new alone: a line of megabytes may come in a thousand pieces."""
        new = max(len(self.buffer) - len(END), 0)
        self.buffer += piece
        if b"\r" in self.buffer[new:]:
            self.buffer[new:] = self.buffer[new:].replace(b"\r\n", b"\n")
        if self.buffer.find(END, new) >= 0:
            *whole, rest = bytes(self.buffer).split(END)
            self.buffer = bytearray(rest)
            for event in whole:
                self._read(event)
        if len(self.buffer) > LONGEST:
            raise UpstreamBroken

    def _read(self, event: bytes) -> None:
        lines = event.removeprefix(codecs.BOM_UTF8).split(b"\n")
        lines = [line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:")]
        if data := b" ".join(lines):  # an event goes on in one line; to JSON both are space
            self.ready.append(event_of(data))

    async def _finish(self) -> None:
        """Read to the end, so that the connection can be used again."""
        if self.source.is_eof():
            return  # it has gone back already
        with contextlib.suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(LAST_WORDS):
                await self.source.readany()
                self.response.release()
