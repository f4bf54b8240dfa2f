"""How well passages are found: nDCG@10 on public collections, through the product's own chunks, gateway and statement.

Also, of the first passages out of the right document: how many mark a part that holds the answer.

    python -m bench.retrieval [FOLDER]        (or VOLIERE_BENCH_DATA; ../shared/data without either)

Services, embedding server and database are this run's own and gone afterwards. Ends with 1 below a floor.
"""

import asyncio
import contextlib
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller
    from rag.models import Collection
    from rag.retrieval import Passage

FLOORS = {"xquad-en": 0.975, "xquad-de": 0.945}
KEY = "only for this run"
START_TIMEOUT = 120  # seconds


def main(folder: Path) -> int:
    present = [name for name in FLOORS if (folder / name / "corpus.jsonl").exists()]
    if not present:
        print(f"No collections in {folder}: nothing was measured. They are named there as {', '.join(FLOORS)}.")
        return 0
    with services() as inference_url:
        caller = prepared(inference_url)
        scores = {name: asyncio.run(measured(caller, folder / name)) for name in present}
    return 1 if any(score < FLOORS[name] for name, score in scores.items()) else 0


@contextlib.contextmanager
def services() -> Iterator[str]:
    from config.running import sharing

    with tempfile.TemporaryDirectory(prefix="voliere-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root PostgreSQL runs as nobody, who has to reach its files
        os.environ.update({"DATA_DIR": folder, "SECRET_KEY": KEY, "DJANGO_SETTINGS_MODULE": "config.settings"})
        with sharing.running(Path(folder)) as urls, inference() as url:
            os.environ.update(urls)
            yield url


@contextlib.contextmanager
def inference() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"VOLIERE_INFERENCE_PORT": str(port), "VOLIERE_INFERENCE_KEY": KEY}
    process = subprocess.Popen([sys.executable, "-m", "inference"], env=environment)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/v1/models")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):
            return
        time.sleep(0.5)
    raise SystemExit("The embedding server did not start.")


def prepared(inference_url: str) -> "Caller":
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import User
    from gateway.callers import Caller
    from gateway.models import Deployment, Upstream

    call_command("migrate", verbosity=0)
    upstream = Upstream.objects.create(name="bench", base_url=inference_url, api_key=KEY)
    Deployment.objects.create(upstream=upstream, name="minilm", model="all-MiniLM-L6-v2", kind="embedding")
    return Caller(User.objects.create_user("bench@example.org"))


async def measured(caller: "Caller", folder: Path) -> float:
    from rag.models import Collection
    from rag.retrieval import retrieve

    collection = await Collection.objects.acreate(name=folder.name, owner=caller.user)
    began = time.perf_counter()
    corpus = rows(folder / "corpus.jsonl")
    for row in corpus:
        await stored(caller, collection, row["_id"], row["text"])
    ingested = time.perf_counter() - began
    relevant = dict(line.split("\t")[:2] for line in (folder / "qrels.tsv").read_text().splitlines())
    scope, gains, marks, times = Collection.objects.filter(pk=collection.pk), [], [], []
    for query in rows(folder / "queries.jsonl"):
        began = time.perf_counter()
        passages = await retrieve(caller, query["text"], scope, limit=20)
        times.append(time.perf_counter() - began)
        if passages.degraded:
            raise SystemExit("The embedding server fell silent.")
        gains.append(gain([passage.document_name for passage in passages], relevant[query["_id"]]))
        if gains[-1] == 1:
            marks.append(is_marked(passages[0], [answer["text"] for answer in query["answers"]]))
    score = statistics.fmean(gains)
    print(
        f"{folder.name}: nDCG@10 {score:.3f} (floor {FLOORS[folder.name]}), "
        f"answer marked {statistics.fmean(marks):.3f}, "
        f"{len(corpus)} documents in {ingested:.0f} s, {len(gains)} questions "
        f"at p50 {statistics.median(times) * 1000:.0f} ms"
    )
    return score


async def stored(caller: "Caller", collection: "Collection", name: str, text: str) -> None:
    from channels.db import database_sync_to_async

    from rag import ingestion
    from rag.chunking import chunk
    from rag.embedding import index_in_use
    from rag.languages import CONFIGURATIONS
    from rag.models import Document
    from rag.parsers.language import detected
    from rag.parsers.parsed import Parsed
    from rag.parsers.text import cleaned

    document = await Document.objects.acreate(
        collection=collection, uploaded_by=caller.user, name=name, sha256=name, size=len(text)
    )
    parsed = Parsed(cleaned(text))
    parsed.language = detected(parsed.text, list(CONFIGURATIONS))
    chunks = ingestion.chunks_of(document, parsed, chunk(parsed.text))
    index = await database_sync_to_async(index_in_use)()
    vectors = await ingestion.embedded(document, chunks, index)
    await database_sync_to_async(ingestion.store)(document, parsed, chunks, vectors, index)


def gain(found: list[str], relevant: str) -> float:
    """nDCG@10 with one relevant document: documents count once, at their best passage."""
    ranking = list(dict.fromkeys(found))[:10]
    return 1 / math.log2(ranking.index(relevant) + 2) if relevant in ranking else 0.0


def is_marked(passage: "Passage", answers: list[str]) -> bool:
    marked = passage.text[passage.focus_start - passage.start : passage.focus_end - passage.start]
    return any(answer in marked for answer in answers)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


if __name__ == "__main__":
    default = os.environ.get("VOLIERE_BENCH_DATA") or "../shared/data"
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else default)))
