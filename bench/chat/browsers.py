"""Tabs without a browser: they ask, listen at the conversation's socket and note how old each word is when it comes."""

import asyncio
import re
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection, connect

STAMP = re.compile(rb"t(\d{9,})")
CSRF = "a" * 32
PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Site:
    url: str
    cookie: str

    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{self.cookie}; csrftoken={CSRF}", "Origin": self.url}

    def get(self, path: str) -> bytes:
        request = urllib.request.Request(self.url + path, headers={**self.headers(), "Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return bytes(response.read())

    def ask(self, conversation: str, model: str) -> None:
        body = urllib.parse.urlencode({"text": "Und nun?", "model": model, "csrfmiddlewaretoken": CSRF}).encode()
        headers = {**self.headers(), "Accept": "application/json"}
        request = urllib.request.Request(f"{self.url}/c/{conversation}/ask/", body, headers)
        urllib.request.urlopen(request, timeout=PATIENCE).read()

    async def tab(self, conversation: str) -> ClientConnection:
        address = f"{self.url.replace('http', 'ws')}/ws/conversations/{conversation}/"
        headers = {"Cookie": self.cookie}
        tab = await connect(address, origin=self.url, additional_headers=headers, compression=None, max_size=None)  # type: ignore[arg-type]
        await tab.send('{"type": "attach"}')
        return tab


async def watch(tab: ClientConnection) -> tuple[list[float], int]:
    """How old each word was when it came, in milliseconds, and how many events brought them."""
    ages, last, events = [], 0, 0
    while True:
        raw = await asyncio.wait_for(tab.recv(decode=False), PATIENCE)
        now = time.monotonic_ns() // 1000
        if b'"ended"' in raw[:40]:
            return ages, events
        events += 1
        new = [stamp for stamp in map(int, STAMP.findall(raw)) if stamp > last]
        ages += [(now - stamp) / 1000 for stamp in dict.fromkeys(new)]
        last = max([last, *new])


async def stream(site: Site, conversations: list[str], model: str) -> tuple[list[float], int]:
    tabs = [await site.tab(conversation) for conversation in conversations]
    watching = [asyncio.create_task(watch(tab)) for tab in tabs]
    for conversation in conversations:
        await asyncio.to_thread(site.ask, conversation, model)
    found = await asyncio.gather(*watching)
    for tab in tabs:
        await tab.close()
    return sorted(age for ages, _ in found for age in ages), sum(events for _, events in found)


async def idle(site: Site, conversations: list[str]) -> list[ClientConnection]:
    return [await site.tab(conversation) for conversation in conversations]
