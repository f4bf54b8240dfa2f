"""The measurements; each returns rows of a name, a value, and what is aimed at."""

import asyncio
import re
import statistics
import time
from urllib.parse import urljoin

from accounts.models import User
from bench.chat import browsers, rows
from bench.chat.browsers import Site
from bench.chat.upstream import BEFORE
from bench.gateway.subjects import Subject
from chat.rendering import StreamingRenderer

Row = tuple[str, str, str]
PACED = "mock-ttft100-itl50"  # twenty words a second: faster than anybody reads
MODELS = [PACED]
ASSET = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg))"')
IMPORT = re.compile(rb'(?:from|import)\s*"([^"]+\.js)"')


def percentile(values: list[float], part: int) -> float:
    return values[min(len(values) - 1, len(values) * part // 100)]


def streams(site: Site, web: Subject, user: User, count: int) -> list[Row]:
    conversations = rows.conversations(user, count)
    asyncio.run(browsers.stream(site, conversations[: count // 5 or 1], PACED))  # warm up
    before, begun = web.cpu(), time.monotonic()
    ages, events = asyncio.run(browsers.stream(site, rows.conversations(user, count), PACED))
    cpu, seconds = web.cpu() - before, time.monotonic() - begun
    return [
        (f"ms a delta stays in the server, {count} streams at once, p50", f"{percentile(ages, 50):.1f}", ""),
        ("the same, p95", f"{percentile(ages, 95):.1f}", "≤ 30"),
        ("CPU ms of the web process per delta, all in all", f"{1000 * cpu / len(ages):.2f}", "≤ 2"),
        ("share of a processor meanwhile", f"{100 * cpu / seconds:.0f} %", ""),
        ("deltas per event", f"{len(ages) / max(1, events):.2f}", ""),
    ]


def idle_sockets(site: Site, web: Subject, user: User, count: int) -> list[Row]:
    conversations = rows.conversations(user, count)

    async def opened() -> float:
        before = web.memory()
        tabs = await browsers.idle(site, conversations)
        await asyncio.sleep(2)
        each = 1024 * (web.memory() - before) / count
        for tab in tabs:
            await tab.close()
        return each

    return [(f"KiB per idle socket, {count:,} in one process", f"{asyncio.run(opened()):.0f}", "")]


def pages(site: Site, web: Subject, user: User) -> list[Row]:
    page = site.get("/")
    sizes = {path: len(body) for path, body in assets(site, page.decode())}
    short, long = (cost(site, web, rows.conversation_of(user, length)) for length in (20, 1_000))
    return [
        ("kB transferred on the first load of the chat", f"{(len(page) + sum(sizes.values())) / 1000:.0f}", "≤ 150"),
        ("of these in files", str(len(sizes)), ""),
        ("CPU ms to open a conversation of 20 messages", f"{short:.0f}", ""),
        ("CPU ms to open a conversation of 1,000 messages", f"{long:.0f}", "as for 20"),
    ]


def assets(site: Site, page: str) -> list[tuple[str, bytes]]:
    """Everything a browser loads for a page, scripts with what they import, as it is transferred."""
    import gzip

    found: dict[str, bytes] = {}
    waiting = ASSET.findall(page)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = site.get(path)
        if path.endswith(".js"):
            text = gzip.decompress(found[path]) if found[path][:2] == b"\x1f\x8b" else found[path]
            waiting += [urljoin(path, name.decode()) for name in IMPORT.findall(text)]
    return list(found.items())


def cost(site: Site, web: Subject, conversation: str, times: int = 10) -> float:
    site.get(f"/c/{conversation}/")
    costs = []
    for _ in range(times):
        before = web.cpu()
        site.get(f"/c/{conversation}/")
        costs.append(1000 * (web.cpu() - before))
    return statistics.median(costs)


def rendering() -> list[Row]:
    """Processor time of this process: other work on the machine hardly disturbs it."""
    found: list[Row] = []
    for length in (1_000, 4_000, 16_000, 64_000):
        found.append(
            (f"CPU ms per rendered delta, at {length // 1000} kB", f"{per_delta(length):.3f}", "≤ 2, not growing")
        )
    for name, text in LONG_BLOCKS.items():
        value = f"{cost_of(text):.3f}"
        found.append((f"CPU ms per rendered delta, in one {name} of {len(text) // 1000} kB", value, "≤ 2"))
    return found


LONG_BLOCKS = {
    "list": "".join(f"- Punkt {number} mit **Fettem**\n" for number in range(1_000)),
    "table": "| a | b |\n|---|---|\n" + "".join(f"| {number} | **x** |\n" for number in range(1_500)),
    "code block": "```python\n" + "".join(f"x{number} = {number}\n" for number in range(2_000)),
    "paragraph": "Die Amsel singt am Morgen, und der Star hört ihr zu. " * 1_000,
}


def per_delta(length: int) -> float:
    """At the end of an answer of that length, in many blocks."""
    renderer, words = StreamingRenderer(None), [f"{BEFORE.get(at % 50, ' ')}Vogel{at:04}" for at in range(length // 10)]
    renderer.feed("".join(words))
    return timed(renderer, [f"{BEFORE.get(at % 50, ' ')}Vogel{at:04}" for at in range(500)])


def cost_of(text: str) -> float:
    return timed(StreamingRenderer(None), [text[at : at + 8] for at in range(0, len(text), 8)])


def timed(renderer: StreamingRenderer, deltas: list[str]) -> float:
    begun = time.process_time()
    for delta in deltas:
        renderer.feed(delta)
    return 1000 * (time.process_time() - begun) / len(deltas)
