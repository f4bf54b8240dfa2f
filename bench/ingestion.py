"""What reading documents costs beside the embedding itself, which is most of it and cannot be spared.

CPU seconds of all processes that take part (worker, parsers, embedding server, PostgreSQL, Redis) for documents that
are uploaded and read as ever, against bare sentence-transformers that encode the same texts; and whether the worker's
memory stays flat.

    python -m bench.ingestion [FOLDER] [--documents 60]       (FOLDER, VOLIERE_BENCH_DATA or ../shared/data)
    python -m bench.ingestion --documents 1000 --paragraphs 2     the memory over many short ones; prints only

CPU seconds bear other load on the machine better than the clock does, yet not well: caches are shared.
Ends with 1 above the ceiling.
"""

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.retrieval.collections import rows
from bench.retrieval.services import prepared, services
from config.running import processes

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller
    from rag.models import Collection

RESULT = Path(__file__).resolve().parent / "results" / "ingestion.md"
CEILING = 1.3  # times bare encoding
PARAGRAPHS = 20  # a document
TICKS = os.sysconf("SC_CLK_TCK")
BARE = """
import json, sys, time
from sentence_transformers import SentenceTransformer
from inference.embedding import bundled_folder
texts = json.load(sys.stdin)
model = SentenceTransformer(str(bundled_folder()), local_files_only=True)
model.encode(texts[:64], show_progress_bar=False)
began = time.process_time()
model.encode(texts, show_progress_bar=False, normalize_embeddings=True)
print(time.process_time() - began)
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ingestion", description=__doc__)
    default = os.environ.get("VOLIERE_BENCH_DATA") or "../shared/data"
    parser.add_argument("folder", nargs="?", type=Path, default=Path(default))
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--paragraphs", type=int, default=PARAGRAPHS, help="of each document")
    options = parser.parse_args()
    texts = documents(options.folder, options.documents, options.paragraphs)
    if not texts:
        print(f"No collection in {options.folder}: nothing was measured.")
        return 0
    load = os.getloadavg()[0]
    with services() as inference_url:
        figures = measured(prepared(inference_url), texts)
    text = report(figures, load)
    if options.paragraphs == PARAGRAPHS:
        RESULT.write_text(text)
    print(text)
    return 0 if figures["ratio"] <= CEILING else 1


def documents(folder: Path, count: int, length: int) -> list[str]:
    """Of public paragraphs, German and English in turn; each differs, also from one round to the next."""
    found = [
        path for path in (folder / "xquad-de" / "corpus.jsonl", folder / "xquad-en" / "corpus.jsonl") if path.exists()
    ]
    paragraphs = [[row["text"] for row in rows(path)] for path in found]
    made = []
    for number in range(count if found else 0):
        of_one = itertools.islice(
            itertools.cycle(paragraphs[number % len(paragraphs)]), number * 7, number * 7 + length
        )
        made.append("\n\n".join([f"Document {number}", *of_one]))
    return made


def measured(caller: "Caller", texts: list[str]) -> dict[str, float]:
    from rag.indexing import passages
    from rag.models import Chunk, Collection

    collection = Collection.objects.create(name="Ingestion", owner=caller.user)
    warm_up, *rest = texts
    read(caller, collection, [warm_up])
    before, memory = cpu_seconds(), []
    for first in range(0, len(rest), max(1, len(rest) // 10)):
        read(caller, collection, rest[first : first + max(1, len(rest) // 10)])
        memory.append(resident())
    spent = {name: seconds - before.get(name, 0) for name, seconds in cpu_seconds().items()}
    chunks = list(Chunk.objects.exclude(document__name="0.txt").order_by("pk"))
    embedded = passages(chunks)
    bare = encoded_bare(embedded)
    return {
        **{f"CPU {name}": seconds for name, seconds in spent.items()},
        "documents": len(rest), "chunks": len(chunks), "parts": len(embedded), "all": sum(spent.values()), "bare": bare,
        "ratio": sum(spent.values()) / bare, "memory first": memory[0], "memory last": memory[-1],
    }  # fmt: skip


def read(caller: "Caller", collection: "Collection", texts: list[str]) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from rag.ingestion import ingest
    from rag.models import Document
    from rag.uploads import accept

    for text in texts:
        number = Document.objects.count()
        document = accept(caller.user, collection, SimpleUploadedFile(f"{number}.txt", text.encode()))
        asyncio.run(ingest(document.pk))
        document.refresh_from_db()
        if document.status != Document.Status.READY:
            raise SystemExit(f"A document could not be read: {document.reason}")


def cpu_seconds() -> dict[str, float]:
    """By program, of this process and all that descend from it, those that ended included."""
    found: dict[str, float] = {}
    for process in processes.family([os.getpid()]):
        try:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        name = "worker and parsers" if process.pid == os.getpid() else program(process.command)
        found[name] = found.get(name, 0) + sum(map(int, fields[11:15])) / TICKS
    return found


def program(command: str) -> str:
    names = {"-m inference": "embedding server", "postgres": "PostgreSQL", "redis": "Redis"}
    return next((name for words, name in names.items() if words in command), "others")


def resident() -> float:
    """MiB of this process, which is the worker here."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def encoded_bare(texts: list[str]) -> float:
    """On one thread, where threads that wait for each other cost nothing."""
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", BARE]
    done = subprocess.run(command, input=json.dumps(texts), env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def report(figures: dict[str, float], load: float) -> str:
    chunks = figures["chunks"]
    lines = [
        "# What reading documents costs", "",
        f"{os.cpu_count()} processors, load {load:.1f} at the beginning. `python -m bench.ingestion`.", "",
        f"{figures['documents']:.0f} documents, {chunks:.0f} chunks, {figures['parts']:.0f} parts embedded; "
        f"at {time.strftime('%Y-%m-%d')}.", "",
        "| CPU seconds | all | a chunk |", "| --- | ---: | ---: |",
    ]  # fmt: skip
    shares = {name.removeprefix("CPU "): value for name, value in figures.items() if name.startswith("CPU ")}
    for name, seconds in {**shares, "together": figures["all"], "bare encoding": figures["bare"]}.items():
        lines.append(f"| {name} | {seconds:.1f} | {seconds / chunks:.4f} |")
    lines += [
        "",
        f"{figures['ratio']:.2f} times bare encoding (ceiling {CEILING}).",
        f"The worker held {figures['memory first']:.0f} MiB after a tenth of the documents and "
        f"{figures['memory last']:.0f} MiB at the end.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
