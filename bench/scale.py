"""What a search costs as the corpus grows, and what rights cost in a large one.

Whole searches (embedding, words, meaning, passages) over a thousand, ten thousand and a hundred thousand chunks; then
two hundred thousand, of which one person may see a hundredth: are their lists full, and are they those of an exact
comparison? Services, embedding server and database are this run's own. Writes bench/results/scale.md and
docs/img/scale.svg.

    python -m bench.scale [--chunks 200000] [--questions 100]       about half an hour; `nice` keeps the machine usable
    python -m bench.scale --keep FOLDER --load                      only load, into a folder that a later run with the
    python -m bench.scale --keep FOLDER                             same one begins with: minutes on an idle machine

Ends with 1 when a list is not full or recall is below its floor; times are judged by who reads them, for they are
worth something on an idle machine alone.
"""

import argparse
import asyncio
import multiprocessing
import os
import platform
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.drawing import drawn
from bench.retrieval.services import prepared, services

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller
    from rag.models import Collection

ROOT = Path(__file__).resolve().parent.parent
RESULT, PICTURE = ROOT / "bench" / "results" / "scale.md", ROOT / "docs" / "img" / "scale.svg"
SIZES = (1_000, 10_000, 100_000)  # chunks
COLLECTION = 2_000  # chunks: a hundredth of two hundred thousand
RECALL_FLOOR = 0.99
CANDIDATES = 100
IN_USE = 100  # searches: those before read the index from the disk and not out of memory
SHARES = (1, 2, 5, 10, 20, 50, 100)  # per cent that is permitted
Times = list[float]  # milliseconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--chunks", type=int, default=200_000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    sizes = sorted({*(size for size in SIZES if size < options.chunks), options.chunks})
    # Django keeps to one database as long as a process lives
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as processes:
        found = list(processes.map(partial(measured, options), sizes))
    if options.load:
        return 0
    rows, (rights, ways) = [row for row, _ in found if row["chunks"] in SIZES], found[-1][1]
    text = report(rows, rights, ways, load, options.chunks)
    RESULT.write_text(text)
    PICTURE.write_text(drawn(rows))
    print(text)
    return 0 if all(right["full"] == 1 and right["recall"] >= RECALL_FLOOR for right in rights.values()) else 1


def measured(options: argparse.Namespace, size: int) -> tuple[dict[str, float], Any]:
    """What a search costs, and in the largest corpus what rights and the two ways do."""
    with services(options.keep / f"{size}" if options.keep else None) as inference_url:
        bench = Bench(prepared(inference_url), options.questions)
        bench.grow(size)
        if options.load:
            return {}, None
        return bench.cost(), (bench.rights(), bench.ways()) if size == options.chunks else None


class Bench:
    def __init__(self, caller: "Caller", questions: int) -> None:
        from bench.corpus import Corpus
        from rag.embedding import index_in_use

        self.caller, self.questions = caller, questions
        self.index = index_in_use()
        self.index.dimension = 384
        self.index.save()
        self.corpus: Corpus = Corpus(caller.user, self.index)
        self.chunks = self._size(*self.corpus.collections)

    # --- the corpus ------------------------------------------------------------------------------------------------

    def grow(self, chunks: int) -> None:
        """The last collection is of one theme."""
        while self.chunks < chunks:
            size = min(COLLECTION, chunks - self.chunks)
            self.chunks += size
            self.corpus.add_collection(size, theme=5 if self.chunks == chunks and chunks > COLLECTION else None)
        self._tidy()

    def _size(self, *collections: "Collection") -> int:
        from rag.models import Chunk

        return Chunk.objects.filter(collection__in=collections).count()

    def _tidy(self) -> None:
        from django.db import connection

        from rag import hnsw

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        if hnsw.is_wanted(self.index):
            hnsw.create(self.index)

    # --- whole searches ----------------------------------------------------------------------------------------------

    def cost(self) -> dict[str, float]:
        times = asyncio.run(self._searches(self.caller))
        return {
            "chunks": self.chunks,
            "p50": statistics.median(times),
            "p95": percentile(times, 95),
            "meaning": statistics.median(self._nearest(self.corpus.collections)[0]),
            "megabytes": megabytes(),
        }

    async def _searches(self, caller: "Caller") -> Times:
        from rag.models import Collection
        from rag.retrieval import retrieve

        times = []
        for number in range(IN_USE + self.questions):
            question = self.corpus.question()
            began = time.perf_counter()
            passages = await retrieve(caller, question, Collection.objects.all(), anyway=True)
            if number >= IN_USE:
                times.append((time.perf_counter() - began) * 1000)
            if passages.degraded:  # none at all may be the right answer: what is asked is made up
                raise SystemExit("The embedding server fell silent.")
        return times

    # --- nearest vectors under rights ----------------------------------------------------------------------

    def rights(self) -> dict[str, dict[str, float]]:
        """For everything, one collection of mixed themes and one of one theme."""
        everything = self.corpus.collections
        mixed = next(each for each in everything[1:] if self._size(each) == COLLECTION)
        share = f"{COLLECTION / self.chunks:.0%}"
        scopes = {"everything": everything, f"{share}, mixed": [mixed], f"{share}, of one theme": everything[-1:]}
        return {name: self._measured(scope) for name, scope in scopes.items()}

    def _measured(self, scope: "list[Collection]") -> dict[str, float]:
        from accounts.models import User
        from gateway.callers import Caller
        from rag.models import CollectionShare

        reader, is_new = User.objects.get_or_create(email=f"reader{len(scope)}-{scope[0].pk}@example.org")
        if is_new:
            CollectionShare.objects.bulk_create(CollectionShare(user=reader, collection=each) for each in scope)
        times, tens, recalls, full = self._nearest(scope)
        whole = asyncio.run(self._searches(Caller(reader)))
        return {
            "recall": statistics.fmean(tens),
            "of a hundred": statistics.fmean(recalls),
            "full": statistics.fmean(full),
            "p50": statistics.median(times),
            "p95": percentile(times, 95),
            "whole p50": statistics.median(whole),
            "whole p95": percentile(whole, 95),
        }

    def _nearest(self, scope: "list[Collection]") -> tuple[Times, list[float], list[float], list[bool]]:
        """Milliseconds; recall against comparing everything, of ten and of all; and whether the list is full."""
        times, tens, recalls, full = [], [], [], []
        for number in range(self.questions + 3):
            asked = self.corpus.direction().tolist()
            began = time.perf_counter()
            found = self._found(scope, asked)
            if number >= 3:
                times.append((time.perf_counter() - began) * 1000)
            exact = self._found(scope, asked, most_compared=10**9)
            tens.append(len({*found[:10]} & {*exact[:10]}) / len(exact[:10]))
            recalls.append(len({*found} & {*exact}) / len(exact))
            full.append(len(found) == min(CANDIDATES, len(exact)))
        return times, tens, recalls, full

    def _found(self, scope: "list[Collection]", asked: list[float], most_compared: int | None = None) -> list[int]:
        """With `most_compared` by that way alone: none or all."""
        from django.db import connection, transaction
        from pgvector import HalfVector

        from bench.corpus import PARTS
        from rag import hnsw, nearest

        usual = nearest.EXACT, nearest.EQUAL_COST
        nearest.EXACT, nearest.EQUAL_COST = usual if most_compared is None else (most_compared, 0)
        in_graph = self.chunks * PARTS if self.chunks * PARTS >= hnsw.FROM else None
        permitted = nearest.Permitted(min(len(scope) * COLLECTION, self.chunks) * PARTS, False, in_graph)
        way = nearest.way(self.index, permitted, CANDIDATES)
        nearest.EXACT, nearest.EQUAL_COST = usual
        head = "WITH asked AS (SELECT %s::halfvec AS embedding), scope (id) AS MATERIALIZED (SELECT unnest(%s::uuid[]))"
        statement = f"{head} SELECT id FROM ({way.sql}) found ORDER BY score DESC, id"
        with transaction.atomic(), connection.cursor() as cursor:
            way.prepare(cursor)
            cursor.execute(statement, [HalfVector(asked).to_text(), [each.pk for each in scope]])
            return [row[0] for row in cursor.fetchall()]

    def ways(self) -> dict[int, tuple[float, float]]:
        """By how much is permitted: milliseconds along the graph, and comparing everything."""
        found = {}
        for share in SHARES:
            scope = self.corpus.collections[1 : 1 + max(1, len(self.corpus.collections) * share // 100)]
            found[share] = (self._timed(scope, 0), self._timed(scope, 10**9))
        return found

    def _timed(self, scope: "list[Collection]", most_compared: int) -> float:
        times = []
        for _ in range(10):
            asked = self.corpus.direction().tolist()
            began = time.perf_counter()
            self._found(scope, asked, most_compared)
            times.append((time.perf_counter() - began) * 1000)
        return statistics.median(times)


def percentile(times: Times, which: int) -> float:
    return sorted(times)[min(len(times) - 1, len(times) * which // 100)]


def megabytes() -> float:
    from django.db import connection

    tables = ["rag_chunk", "rag_posting", "rag_vector"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(%s::text[]) name", [tables])
        return float(cursor.fetchone()[0]) / 1e6


def report(
    rows: list[dict[str, float]],
    rights: dict[str, dict[str, float]],
    ways: dict[int, tuple[float, float]],
    load: float,
    chunks: int,
) -> str:
    machine = f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}, load {load:.1f}"
    lines = [
        "# Searches by size and rights", "", f"{machine} at the beginning. `python -m bench.scale`; milliseconds.", "",
        f"A search over everything, after {IN_USE} others; three vectors of 384 numbers a chunk:", "",
        "| chunks | p50 | p95 | nearest vectors alone | database MB |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for row in rows:
        cells = [f"{row[name]:.1f}" for name in ("p50", "p95", "meaning")]
        cells.append(f"{row['megabytes']:,.0f}")
        lines.append(f"| {row['chunks']:,.0f} | {' | '.join(cells)} |")
    largest = f"By what the asker may see in the largest corpus, of {chunks:,.0f} chunks"
    lines += ["", f"{largest}; a hundred nearest are asked for:", ""]
    lines += ["| may see | full lists | recall of 10 | of 100 | p50 | p95 | : everything | whole search p50 | p95 |"]
    lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, right in rights.items():
        ratio = right["p95"] / rights["everything"]["p95"]
        times = f"{right['p50']:.1f} | {right['p95']:.1f} | {ratio:.1f} | {right['whole p50']:.1f}"
        found = f"{right['full']:.2f} | {right['recall']:.3f} | {right['of a hundred']:.3f}"
        lines.append(f"| {name} | {found} | {times} | {right['whole p95']:.1f} |")
    lines += ["", "The two ways to the nearest vectors, by the share that is permitted:", ""]
    lines += ["| permitted | along the graph | comparing everything |", "| ---: | ---: | ---: |"]
    lines += [f"| {share} % | {graph:.1f} | {every:.1f} |" for share, (graph, every) in ways.items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    raise SystemExit(main())
