"""Changes begin from a known state: who changes something names the ETag of what they read."""

import hashlib

from django.http import HttpRequest
from pydantic import BaseModel
from pydantic_core import to_json

from accounts.exceptions import Changed, ConditionMissing


def etag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def rendered(shape: BaseModel) -> bytes:
    """As the answer to a request for it: what its ETag is taken of."""
    return to_json(shape.model_dump())


def unchanged(request: HttpRequest, shape: BaseModel, *, required: bool = True) -> None:
    """Raises `ConditionMissing`, `Changed`. Inside a transaction that has locked the row."""
    named = request.headers.get("If-Match", "").strip()
    if not named:
        if required:
            raise ConditionMissing
        return
    if named != "*" and etag_of(rendered(shape)) not in [each.strip() for each in named.split(",")]:
        raise Changed
