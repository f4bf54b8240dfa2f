"""What the `personal_data` modules of the apps share: how they give out what is a person's, and how they count what
they erase.

    export(user)        everything of the person's, as files of an archive, never wholly in memory
    to_hand_over(user)  what others use, too: it goes with the person, unless somebody is named to have it
    hand_over(user, kind, id, heir)
    stored_files(user)  names in the storage that go with the person
    erase(user, count)  in short transactions, so that it can be cut off anywhere and begun again
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

Part = tuple[str, Iterator[bytes]]  # name in the archive, its content
Count = Callable[[str, int], None]  # within the transaction that erases so many of them


@dataclass(frozen=True)
class Heirloom:
    """A thing of the person's that others use."""

    kind: str
    id: str
    label: str  # what it is and what it is called
    heirs: list[tuple[str, str]]  # `user:…` or `team:…`, and their name

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"


def json_file(name: str, rows: Iterable[Mapping[str, Any]]) -> Part:
    return f"{name}.json", _encoded(rows)


def _encoded(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    separator = "[\n"
    for row in rows:
        yield (separator + json.dumps(row, default=str, ensure_ascii=False)).encode()
        separator = ",\n"
    yield b"[]\n" if separator == "[\n" else b"\n]\n"


def fields(row: Model, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
