"""Does the chat stay quick while documents are read?

Answers (of a scripted model, a word each 20 ms) and whole searches, first while nothing else runs, then while two
readers, as many as a worker has, read one document after the other. All embeddings go through the one small server that
a machine without a GPU has.

    python -m bench.beside [FOLDER]                  (FOLDER, VOLIERE_BENCH_DATA or ../shared/data)

Writes bench/results/beside.md.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.gateway.mock_upstream import PACED
from bench.gateway.subjects import mock_upstream
from bench.ingestion import documents, read
from bench.retrieval.services import prepared, services

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller

RESULT = Path(__file__).resolve().parent / "results" / "beside.md"
READERS, ROUNDS, WORDS = 2, 40, 50
SETTLED = 10.0  # seconds in which the readers reach their pace
Figures = dict[str, list[float]]  # milliseconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    default = os.environ.get("VOLIERE_BENCH_DATA") or "../shared/data"
    parser.add_argument("folder", nargs="?", type=Path, default=Path(default))
    parser.add_argument("--reader", type=int, help="read until ended; this script starts them itself")
    options = parser.parse_args()
    if options.reader is not None:
        read_on(options.folder, options.reader)
    load = os.getloadavg()[0]
    texts = documents(options.folder, 12, 5)
    if not texts:
        print(f"No collection in {options.folder}: nothing was measured.")
        return 0
    with services() as inference_url, mock_upstream() as chat_url:
        caller = prepared(inference_url)
        begin(caller, f"{chat_url}/v1", texts)
        alone = asyncio.run(measured(caller, texts))
        with readers(options.folder) as count:
            before, began = count(), time.monotonic()
            beside = asyncio.run(measured(caller, texts))
            pace = (count() - before) / (time.monotonic() - began)
    text = report(alone, beside, pace, load)
    RESULT.write_text(text)
    print(text)
    return 0


def begin(caller: "Caller", url: str, texts: list[str]) -> None:
    from gateway.models import Deployment, Upstream
    from rag.models import Collection

    server = Upstream.objects.create(name="chat", base_url=url)
    Deployment.objects.create(upstream=server, name=PACED, model=PACED, kind=Deployment.Kind.CHAT, slots=None)
    read(caller, Collection.objects.create(name="Known", owner=caller.user), texts)


@contextlib.contextmanager
def readers(folder: Path) -> "Iterator[object]":
    from rag.models import Chunk

    commands = [[sys.executable, "-m", "bench.beside", str(folder), "--reader", str(n)] for n in range(READERS)]
    started = [subprocess.Popen(command) for command in commands]
    try:
        time.sleep(SETTLED)
        yield Chunk.objects.count
    finally:
        for process in started:
            process.kill()
            process.wait()


def read_on(folder: Path, number: int) -> None:
    import django

    django.setup()
    from accounts.models import User
    from gateway.callers import Caller
    from rag.models import Collection

    caller = Caller(User.objects.get(email="bench@example.org"))
    collection = Collection.objects.create(name=f"Read {number}", owner=caller.user)
    for count, text in enumerate(documents(folder, 10_000, 20)):
        read(caller, collection, [f"{number} {count} {text}"])


async def measured(caller: "Caller", texts: list[str]) -> Figures:
    from rag.models import Collection
    from rag.retrieval import retrieve

    found: Figures = {"search": [], "first word": [], "longest pause": []}
    drawn = random.Random(7)
    for _ in range(ROUNDS):
        words = drawn.choice(texts).split()
        at = drawn.randrange(len(words) - 8)
        began = time.perf_counter()
        passages = await retrieve(caller, " ".join(words[at : at + 8]), Collection.objects.filter(name="Known"))
        found["search"].append((time.perf_counter() - began) * 1000)
        if passages.degraded:
            raise SystemExit("The embedding server fell silent.")
        first, pause = await answered(caller)
        found["first word"].append(first)
        found["longest pause"].append(pause)
    return found


async def answered(caller: "Caller") -> tuple[float, float]:
    """Milliseconds to the first word, and the longest between two."""
    from gateway import completions
    from gateway.models import Purpose

    body = {"model": PACED, "messages": [{"role": "user", "content": "?"}], "max_tokens": WORDS, "stream": True}
    moments = [time.perf_counter()]
    async with contextlib.aclosing(completions.stream(caller, body, purpose=Purpose.CHAT)) as pieces:
        async for piece in pieces:
            if piece["choices"] and piece["choices"][0]["delta"].get("content"):
                moments.append(time.perf_counter())
    gaps = [(after - before) * 1000 for before, after in itertools.pairwise(moments)]
    return gaps[0], max(gaps[1:])


def report(alone: Figures, beside: Figures, pace: float, load: float) -> str:
    lines = [
        "# The chat while documents are read", "",
        f"{os.cpu_count()} processors, load {load:.1f} at the beginning. `python -m bench.beside`; milliseconds.", "",
        f"Beside: {READERS} readers, {pace:.1f} chunks a second.", "",
        "| | alone p50 | p95 | beside p50 | p95 | p50 compared |", "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for name, times in alone.items():
        cells = [part for figures in (times, beside[name]) for part in (statistics.median(figures), p95(figures))]
        ratio = cells[2] / cells[0]
        lines.append(f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} | {ratio:.2f}× |")
    return "\n".join([*lines, ""])


def p95(values: list[float]) -> float:
    return sorted(values)[len(values) * 95 // 100]


if __name__ == "__main__":
    raise SystemExit(main())
