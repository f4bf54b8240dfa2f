"""What /api/v1 costs: a page of two long lists, a large upload, and many who read one answer as it is written.

Run it with `make bench api` on a machine with nothing else to do; `--quick` takes small numbers and writes no file.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from bench.gateway import subjects
from bench.gateway.report import machine
from bench.gateway.subjects import Subject
from config.running import sharing
from config.running.ports import free_port, listens

RESULT = subjects.ROOT / "bench" / "results" / "api.md"
HEAD = ["| | | aim |", "| --- | ---: | ---: |"]
MEGABYTE = 1024**2
PIECE = b"Die Amsel singt am Morgen, und der Star hoert ihr zu.\n" * 1024
Row = tuple[str, str, str]


@contextlib.contextmanager
def upstream() -> Iterator[str]:
    port = free_port()
    arguments = [sys.executable, "-m", "bench.chat.upstream", str(port)]
    with subjects.running(arguments, subjects.AROUND, dict(os.environ)):
        subjects.wait(lambda: listens("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}/v1"


def listing(script: httpx2.Client, path: str, what: str, times: int) -> list[Row]:
    script.get(path)
    seconds = []
    for _ in range(times):
        began = time.monotonic()
        assert len(script.get(f"{path}?limit=50").json()["items"]) == 50
        seconds.append(time.monotonic() - began)
    late = sorted(seconds)[int(times * 0.95) - 1] * 1000
    return [(f"50 of {what}, p95", f"{late:.1f} ms", "≤ 30 ms")]


def upload(script: httpx2.Client, web: Subject, size: int, folder: Path) -> list[Row]:
    collection = script.post("/collections", json={"name": "Bench"}).json()["id"]
    path = folder / "large.txt"
    path.write_bytes(PIECE * (size // len(PIECE)))
    before, highest, is_over = web.memory(), [web.memory()], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            highest.append(web.memory())

    watching = threading.Thread(target=watch)
    watching.start()
    with path.open("rb") as file:
        told = script.post(f"/collections/{collection}/documents", files={"file": ("large.txt", file)})
    is_over.set()
    watching.join()
    assert told.status_code == 201, told.text
    return [(f"Upload of {size // MEGABYTE} MB, memory more", f"{max(highest) - before:.1f} MiB", "flat")]


def readers(script: httpx2.Client, web: Subject, base_url: str, count: int) -> list[Row]:
    conversation = script.post("/conversations", json={}).json()["id"]
    ask = f"/conversations/{conversation}/messages"
    told = script.post(ask, json={"text": "Und nun?"}, headers={"Prefer": "respond-async"}).json()
    address = f"{base_url}/messages/{told['answers'][0]['id']}/events"
    before, cpu = web.memory(), web.cpu()
    ended = asyncio.run(_read(address, dict(script.headers), count))
    assert ended == count, f"{count - ended} readers heard of no end"
    consumed = web.cpu() - cpu
    return [
        (f"{count} readers of one answer, seconds of the processor", f"{consumed:.1f} s", ""),
        (f"{count} readers of one answer, memory more", f"{web.memory() - before:.1f} MiB", ""),
    ]


async def _read(address: str, headers: dict[str, str], count: int) -> int:
    limits = httpx2.Limits(max_connections=count)
    async with httpx2.AsyncClient(headers=headers, timeout=120, limits=limits) as client:
        return sum(await asyncio.gather(*(_end_of(client, address) for _ in range(count))))


async def _end_of(client: httpx2.AsyncClient, address: str) -> bool:
    async with client.stream("GET", address) as response:
        return any([line == "event: ended" async for line in response.aiter_lines()])


def measured(folder: Path, is_quick: bool) -> list[Row]:
    with contextlib.ExitStack() as stack:
        os.environ.update(stack.enter_context(sharing.running(folder)))
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from django.db import connection

        from bench.chat import rows
        from gateway.models import ApiKey

        user, _cookie = rows.create(stack.enter_context(upstream()), ["mock"])
        count = 2_000 if is_quick else 100_000
        rows.begun(user, count)
        collection = rows.documents(user, count)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum does some minutes after so much was written
        secret = ApiKey.create(user, "bench")[1]
        web = stack.enter_context(subjects.voliere(secret, folder))
        base_url = web.url.removesuffix("/v1") + "/api/v1"
        headers = {"Authorization": f"Bearer {secret}"}
        script = stack.enter_context(httpx2.Client(base_url=base_url, headers=headers, timeout=120))
        times = 20 if is_quick else 200
        found = listing(script, "/conversations", f"{count:,} conversations", times)
        found += listing(script, f"/collections/{collection}/documents", f"{count:,} documents", times)
        found += upload(script, web, (5 if is_quick else 50) * MEGABYTE, folder)
        return found + readers(script, web, base_url, 20 if is_quick else 200)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.api")
    parser.add_argument("--quick", action="store_true", help="small numbers; writes no file")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with subjects.passing_folder() as folder:
        lines = [f"| {' | '.join(row)} |" for row in measured(folder, options.quick)]
    text = "\n".join(["# The API", "", machine(load), "How it is measured: bench/api.py.", "", *HEAD, *lines, ""])
    if not options.quick:
        RESULT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
