"""What the database said a moment ago, for what every call asks anew: who calls, what is offered.

The database tells of changes (sql/changes.sql). While a process hears it, it forgets at once; otherwise it asks again
after `SECONDS`. Either way a revoked key is refused well within the five seconds that are promised.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError

from gateway.database import in_database
from gateway.exceptions import BooksUnavailable

SECONDS = 2.0
WHILE_LISTENING = 60.0
HEARD_WITHIN = 3.0  # seconds since the listener's last sign of life
MANY = 10_000  # entries

Key = TypeVar("Key")
Value = TypeVar("Value")
_shelves: "list[Fresh[object, object]]" = []
_changes = 0
_heard_at = float("-inf")


class Fresh(Generic[Key, Value]):
    """Answers of `load`, each kept for a moment; those who ask at once share one question."""

    def __init__(self, load: Callable[[Key], Value]) -> None:
        self.load = load
        self.known: dict[Key, tuple[float, Value]] = {}
        self.asked: dict[tuple[asyncio.AbstractEventLoop, Key], asyncio.Task[Value]] = {}
        _shelves.append(self)  # type: ignore[arg-type]  # only to be emptied

    async def get(self, key: Key) -> Value:
        found = self.known.get(key)
        if found and _is_fresh(found[0]):
            return found[1]
        place = (asyncio.get_running_loop(), key)
        if place not in self.asked:
            self.asked[place] = asyncio.create_task(self._ask(key))
            self.asked[place].add_done_callback(lambda _: self.asked.pop(place, None))
        return await asyncio.shield(self.asked[place])  # one who leaves does not take it from the others

    async def _ask(self, key: Key) -> Value:
        began, changes = time.monotonic(), _changes
        try:
            value = await in_database(self.load, key)
        except (OperationalError, InterfaceError) as error:
            raise BooksUnavailable from error
        if changes == _changes:  # else it may be what was before
            if len(self.known) >= MANY:
                self.known.clear()
            self.known[key] = (began, value)
        return value


def _is_fresh(since: float) -> bool:
    now = time.monotonic()
    return now - since < (WHILE_LISTENING if now - _heard_at < HEARD_WITHIN and SECONDS else SECONDS)


def listening(is_told: bool = False) -> None:
    """The listener says that it is there, and whether it heard of a change."""
    global _heard_at
    _heard_at = time.monotonic()
    if is_told:
        forget()


def forget() -> None:
    """Everything, at once."""
    global _changes
    _changes += 1
    for shelf in _shelves:
        shelf.known.clear()
