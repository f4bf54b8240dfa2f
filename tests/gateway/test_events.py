"""The events of a stream, however the bytes arrive."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.exceptions import UpstreamBroken
from gateway.server_events import DONE, Events, data_of, event_of

TEXTS = st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1), max_size=5)
AROUND = st.sampled_from(["", ": keep-alive\n\n", "\n\n", "event: message\nid: 7\n", "retry: 5\n\n"])


class Pieces:
    """An answer, handed over piece by piece."""

    def __init__(self, raw: bytes, cuts: list[int]) -> None:
        ends = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
        self.pieces = [raw[start:end] for start, end in pairwise(ends)]
        self.content = self

    async def readany(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def is_eof(self) -> bool:
        return not self.pieces

    def release(self) -> None: ...

    def close(self) -> None: ...


@given(TEXTS, AROUND, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["data: ", "data:"]), st.lists(st.integers(0)))
async def test_events_cut_anywhere_come_out_whole(
    texts: list[str], around: str, end: str, data: str, cuts: list[int]
) -> None:
    texts = [text.strip() or "x" for text in texts]
    raw = "".join(f"{around}{data}{text}\n\n" for text in texts).replace("\n", end).encode()
    events = Events(Pieces(raw, cuts), 1e9, 1e9, lambda: None, UpstreamBroken)  # type: ignore[arg-type]
    assert await events.first(1e9) == (event_of(texts[0].encode()) if texts else DONE)
    assert [data_of(event).decode() async for event in events] == texts
    events.close()


async def work_for(size: int) -> float:
    """CPU seconds for an event of so many bytes that comes in small pieces."""
    raw = b"data: " + b" " * size + b"\n\n"
    events = Events(Pieces(raw, [*range(0, size, 1000)]), 1e9, 1e9, lambda: None, UpstreamBroken)  # type: ignore[arg-type]
    began = time.process_time()
    await events.first(1e9)
    events.close()
    return time.process_time() - began


async def test_a_long_line_in_small_pieces_costs_no_more_than_its_length() -> None:
    short = min([await work_for(2**18) for _ in range(5)])
    assert min([await work_for(2**21) for _ in range(3)]) < 24 * short  # eight times as long; by its square: 64
