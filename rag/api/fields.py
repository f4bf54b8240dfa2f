"""What a request may say of documents, and how the rest is refused."""

import math
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from gateway.api.http import Request
from gateway.requests import OBJECT, Field, parsed
from gateway.requests.fields import allowed, is_int, number, whole
from gateway.responses.checks import one_of

Body = dict[str, Any]

MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512
LARGEST = 1e300
MOST_FILES, MOST_STORES, MOST_QUERIES = 2000, 20, 10
LONGEST_QUERY = 4_096


def is_text(longest: int, shortest: int = 0) -> Callable[[Any], bool]:
    """Without a zero byte, which PostgreSQL cannot hold."""
    return lambda value: isinstance(value, str) and shortest <= len(value) <= longest and "\x00" not in value


def are_texts(most: int, longest: int) -> Callable[[Any], bool]:
    is_one = is_text(longest, 1)
    return lambda value: isinstance(value, list) and 0 < len(value) <= most and all(is_one(text) for text in value)


def _are_pairs(is_value: Callable[[Any], bool]) -> Callable[[Any], bool]:
    is_key = is_text(LONGEST_KEY)
    return lambda value: (
        isinstance(value, dict)
        and len(value) <= MOST_PAIRS
        and all(is_key(key) and is_value(item) for key, item in value.items())
    )


def _is_attribute(value: Any) -> bool:
    if isinstance(value, int | float):
        return math.isfinite(value) and -LARGEST < value < LARGEST if isinstance(value, float) else abs(value) < LARGEST
    return is_text(LONGEST_VALUE)(value)


def _is_expiry(value: Any) -> bool:
    return isinstance(value, dict) and value.get("anchor") == "last_active_at" and is_int(value.get("days"), 1, 365)


def _is_strategy(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("type") != "static":
        return isinstance(value, dict) and value.get("type") == "auto"
    match value.get("static"):
        case {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}:
            return is_int(size, 100, 4096) and is_int(overlap, 0, size // 2)
    return False


TEXT: Body = {"type": "string"}
OF_TEXTS: Body = {"type": "array", "items": TEXT}
AN_OBJECT: Body = {"type": "object"}
ATTRIBUTES = Field(
    _are_pairs(_is_attribute), _("at most 16 pairs of a short text and a short text, number or truth"), AN_OBJECT
)
FILE_ID = Field(is_text(100), _("the id of a file"), TEXT)
FILE_IDS = Field(are_texts(MOST_FILES, 100), _("a list of ids of files, at most 2000"), OF_TEXTS)
# checked; ours is one of its own
STRATEGY = Field(_is_strategy, _("the way “auto”, or “static” with its sizes"), AN_OBJECT)
STORE: dict[str, Field] = {
    "name": Field(is_text(150), _("a text of at most 150 characters"), TEXT),
    "description": Field(is_text(500), _("a text of at most 500 characters"), TEXT),
    "metadata": Field(_are_pairs(is_text(LONGEST_VALUE)), _("at most 16 pairs of short texts"), AN_OBJECT),
    "expires_after": Field(_is_expiry, _("the anchor “last_active_at” and 1 to 365 days"), AN_OBJECT),
}
NEW_STORE = STORE | {"file_ids": FILE_IDS._replace(is_valid=lambda value: value == [] or FILE_IDS.is_valid(value))}
NEW_STORE["chunking_strategy"] = STRATEGY
STORE_FILE = {"file_id": FILE_ID, "attributes": ATTRIBUTES, "chunking_strategy": STRATEGY}
BATCH = {
    "file_ids": FILE_IDS,
    "files": Field(
        lambda value: isinstance(value, list) and 0 < len(value) <= MOST_FILES,
        _("a list of files"),
        {"type": "array", "items": AN_OBJECT},
    ),
    "attributes": ATTRIBUTES,
    "chunking_strategy": STRATEGY,
}
SEARCH: dict[str, Field] = {
    "max_num_results": Field(
        whole(1, 50), _("a whole number from 1 to 50"), {"type": "integer", "minimum": 1, "maximum": 50}
    ),
    "filters": OBJECT,
    "ranking_options": OBJECT,
}
QUERY = Field(
    lambda value: is_text(LONGEST_QUERY, 1)(value) or are_texts(MOST_QUERIES, LONGEST_QUERY)(value),
    _("a text or a list of at most 10 texts, none longer than 4096 characters"),
    {"anyOf": [TEXT, OF_TEXTS]},
)
RANKING: dict[str, Field] = {
    "ranker": one_of("auto", "default-2024-11-15", "none"),
    "score_threshold": Field(number(0, 1), _("a number from 0 to 1")),
}
STORE_IDS = Field(are_texts(MOST_STORES, 100), _("a list of ids of vector stores, at most 20"))
FORM: dict[str, Field] = {
    "file": Field(lambda _: True, _("a file"), {"type": "string", "format": "binary"}),
    "purpose": one_of("assistants", "user_data"),
}
PAGE: dict[str, Field] = {
    "after": FILE_ID._replace(expected=_("the id of an object of this list")),
    "before": FILE_ID._replace(expected=_("the id of an object of this list")),
    "limit": Field(whole(1, 100), _("a whole number above zero"), {"type": "integer", "minimum": 1}),
    "order": one_of("asc", "desc"),
}
PAGE_OF_FILES = PAGE | {"filter": one_of("in_progress", "completed", "failed", "cancelled")}


def body_of(request: Request, fields: dict[str, Field]) -> Body:
    """Those of the fields that are there; raises InvalidRequest."""
    return allowed(parsed(request.body or b"{}"), fields)
