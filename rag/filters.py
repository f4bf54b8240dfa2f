"""Which documents a search may look at, besides those that the caller may see. Pure.

`attributes` are filters as the OpenAI API knows them: a comparison `{"type": "gte", "key": "year", "value": 2024}`, or
`{"type": "and", "filters": […]}`. They become a condition with parameters; no word of theirs ever stands in it.
"""

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rag.exceptions import InvalidFilter

Condition = tuple[str, list[Any]]  # on a row of rag_document called `document`, with its parameters

ORDERINGS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
DEEPEST = 8
MOST = 64  # comparisons, and values of one of them
LONGEST_KEY, LONGEST_VALUE = 64, 512  # characters
LARGEST = 1e300

VALUE = "(document.attributes -> %s::text)"


@dataclass(frozen=True)
class Filters:
    """None of them set: all documents. `documents` may be empty, and then nothing is found."""

    documents: Collection[uuid.UUID] | None = None
    uploaded_after: datetime | None = None  # itself included
    uploaded_before: datetime | None = None  # itself excluded
    attributes: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        return self != Filters()

    def condition(self) -> Condition:
        """Raises InvalidFilter."""
        parts: list[Condition] = []
        if self.documents is not None:
            parts.append(("document.id = ANY(%s::uuid[])", [list(self.documents)]))
        if self.uploaded_after:
            parts.append(("document.created_at >= %s", [self.uploaded_after]))
        if self.uploaded_before:
            parts.append(("document.created_at < %s", [self.uploaded_before]))
        if self.attributes is not None:
            if _comparisons(self.attributes) > MOST:
                raise InvalidFilter
            parts.append(_compiled(self.attributes))
        return _joined("AND", parts) if parts else ("true", [])


def _comparisons(found: object, depth: int = 1) -> int:
    if depth > DEEPEST or not isinstance(found, dict):
        raise InvalidFilter
    if found.get("type") not in ("and", "or"):
        return 1
    parts = found.get("filters")
    if not isinstance(parts, list) or not parts:
        raise InvalidFilter
    return sum(_comparisons(part, depth + 1) for part in parts)


def _compiled(found: dict[str, Any]) -> Condition:
    kind = found.get("type")
    if kind in ("and", "or"):
        return _joined(kind.upper(), [_compiled(part) for part in found["filters"]])
    return _comparison(kind, _key(found.get("key")), found.get("value"))


def _comparison(kind: object, key: str, value: object) -> Condition:
    """A document without the key is equal to nothing, greater than nothing and less than nothing."""
    match kind:
        case "eq":
            return f"coalesce({VALUE} = %s::jsonb, false)", [key, _json(value)]
        case "ne":
            return f"coalesce({VALUE} <> %s::jsonb, true)", [key, _json(value)]
        case "gt" | "gte" | "lt" | "lte":
            if isinstance(value, bool):
                raise InvalidFilter
            same_type = f"jsonb_typeof({VALUE}) = jsonb_typeof(%s::jsonb)"
            written = _json(value)
            return (
                f"coalesce({same_type} AND {VALUE} {ORDERINGS[str(kind)]} %s::jsonb, false)",
                [key, written, key, written],
            )
        case "in" | "nin" if isinstance(value, list) and len(value) <= MOST:
            is_one = f"coalesce({VALUE} = ANY(%s::text[]::jsonb[]), false)"
            return ("NOT " if kind == "nin" else "") + is_one, [key, [_json(one) for one in value]]
    raise InvalidFilter


def _key(key: object) -> str:
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        raise InvalidFilter
    return _storable(key)


def _json(value: object) -> str:
    if isinstance(value, str) and len(value) <= LONGEST_VALUE:
        return json.dumps(_storable(value))
    if isinstance(value, int | float) and -LARGEST < value < LARGEST:
        return json.dumps(value)
    raise InvalidFilter


def _storable(text: str) -> str:
    """PostgreSQL knows no zero byte and no half of a pair of surrogates."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidFilter
    return text


def _joined(operator: str, parts: list[Condition]) -> Condition:
    sql = f" {operator} ".join(f"({condition})" for condition, _ in parts)
    return sql, [parameter for _, parameters in parts for parameter in parameters]
