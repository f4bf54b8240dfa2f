"""A script against the whole application on a real socket."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.rest.conftest import BASE


@dataclass
class Event:
    kind: str
    number: int | None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass
class Script:
    address: str
    secret: str
    patience: float = 60  # seconds until it hangs up

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        whole = {"Authorization": f"Bearer {self.secret}", **named}
        return httpx2.request(method, f"{self.address}{BASE}{path}", json=body, headers=whole, timeout=self.patience)

    def when_free(self, method: str, path: str, body: object = None, **headers: str) -> httpx2.Response:
        """Once the first request with its Idempotency-Key is no longer under way."""
        end = time.monotonic() + 10
        while (answer := self(method, path, body, **headers)).headers.get("retry-after"):
            assert time.monotonic() < end
            time.sleep(0.05)
        return answer

    def events(self, method: str, path: str, body: object = None, **headers: str) -> Iterator[Event]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        whole = {"Authorization": f"Bearer {self.secret}", "Accept": "text/event-stream", **named}
        with httpx2.stream(
            method, f"{self.address}{BASE}{path}", json=body, headers=whole, timeout=self.patience
        ) as response:
            assert response.headers["content-type"] == "text/event-stream", response.read()
            yield from events_in(response.iter_lines())


def events_in(lines: Iterator[str]) -> Iterator[Event]:
    said: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            said[name] = value
        elif not line and "event" in said:
            number = int(said["id"]) if "id" in said else None
            yield Event(said["event"], number, json.loads(said["data"]))
            said = {}
