"""What the database said a moment ago, for what every call asks anew: who calls, what is offered.

A change is seen by every process after `SECONDS` at the latest, a revoked key likewise: five are promised.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from gateway.database import in_database

SECONDS = 2.0
MANY = 10_000  # entries

Key = TypeVar("Key")
Value = TypeVar("Value")
_shelves: "list[Fresh[object, object]]" = []


class Fresh(Generic[Key, Value]):
    """Answers of `load`, each kept for a moment; those who ask at once share one question."""

    def __init__(self, load: Callable[[Key], Value]) -> None:
        self.load = load
        self.known: dict[Key, tuple[float, Value]] = {}
        self.asked: dict[tuple[asyncio.AbstractEventLoop, Key], asyncio.Task[Value]] = {}
        _shelves.append(self)  # type: ignore[arg-type]  # only to be emptied

    async def get(self, key: Key) -> Value:
        found = self.known.get(key)
        if found and time.monotonic() - found[0] < SECONDS:
            return found[1]
        place = (asyncio.get_running_loop(), key)
        if place not in self.asked:
            self.asked[place] = asyncio.create_task(self._ask(key))
            self.asked[place].add_done_callback(lambda _: self.asked.pop(place, None))
        return await asyncio.shield(self.asked[place])  # one who leaves does not take it from the others

    async def _ask(self, key: Key) -> Value:
        began = time.monotonic()
        value = await in_database(self.load, key)
        if len(self.known) >= MANY:
            self.known.clear()
        self.known[key] = (began, value)
        return value


def forget() -> None:
    """Everything, at once."""
    for shelf in _shelves:
        shelf.known.clear()
