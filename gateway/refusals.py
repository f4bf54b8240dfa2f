"""What an upstream's refusal means to our caller."""

import re
from collections.abc import Mapping
from typing import Any

from gateway import exceptions
from gateway.requests import FIELDS

ERRORS: Mapping[int, type[exceptions.UpstreamError]] = {
    400: exceptions.UpstreamRefused,
    401: exceptions.KeyRefused,
    403: exceptions.KeyRefused,
    413: exceptions.ContextTooLong,
    422: exceptions.UpstreamRefused,
    408: exceptions.UpstreamTimeout,
    504: exceptions.UpstreamTimeout,
    429: exceptions.UpstreamBusy,
    503: exceptions.UpstreamBusy,
}

# what servers say when a conversation is longer than the model's window, in a code, a type or a text
TOO_LONG = re.compile(
    r"context[ _](length|size|window)|exceed_context_size|maximum model length|max_new_tokens` must be"
)
NOT_FOUND = 404
MOST_WORDS = 300  # characters
TOO_LONG_BY = (400, 413, 422, 500)  # statuses; the last one by llama.cpp, and for an error inside a stream


def refusal(status: int, answer: Any) -> exceptions.UpstreamError:
    """Only a field of ours is named to a caller, never what the upstream wrote: it may quote its address or a key."""
    details = answer.get("error", answer) if isinstance(answer, dict) else {}
    details = details if isinstance(details, dict) else {"message": details}
    error = _meant(status, details)
    error.answered, words = status, details.get("message")
    error.words = words[:MOST_WORDS] if isinstance(words, str) else ""
    return error


def _meant(status: int, details: Mapping[str, Any]) -> exceptions.UpstreamError:
    text = " ".join(str(details.get(name)) for name in ("code", "type", "message")).lower()
    if status in TOO_LONG_BY and TOO_LONG.search(text):
        return exceptions.ContextTooLong()
    if status == NOT_FOUND and "model" in text:  # any other is of a proxy, or of an address that it does not have
        return exceptions.ModelGone()
    kind = ERRORS.get(status, exceptions.UpstreamError)
    param = details.get("param")
    return kind(
        param=param if isinstance(param, str) and param in FIELDS else None,
        retry_after=5 if kind is exceptions.UpstreamBusy else None,
    )
