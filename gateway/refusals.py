"""What an upstream's refusal means to our caller."""

from collections.abc import Mapping
from typing import Any

from gateway import exceptions
from gateway.requests import FIELDS

ERRORS: Mapping[int, type[exceptions.UpstreamError]] = {
    400: exceptions.UpstreamRefused,
    413: exceptions.ContextTooLong,
    422: exceptions.UpstreamRefused,
    408: exceptions.UpstreamTimeout,
    504: exceptions.UpstreamTimeout,
    429: exceptions.UpstreamBusy,
    503: exceptions.UpstreamBusy,
}


def refusal(status: int, answer: Any) -> exceptions.UpstreamError:
    """Only a field of ours is named, never what the upstream wrote: it may quote its address or a key."""
    details = answer.get("error", answer) if isinstance(answer, dict) else {}
    details = details if isinstance(details, dict) else {"message": details}
    text = f"{details.get('code')} {details.get('message')}".lower()
    if status == 400 and ("context_length" in text or "context length" in text):
        return exceptions.ContextTooLong()
    kind = ERRORS.get(status, exceptions.UpstreamError)
    param = details.get("param")
    return kind(
        param=param if isinstance(param, str) and param in FIELDS else None,
        retry_after=5 if kind is exceptions.UpstreamBusy else None,
    )
