"""Changes begin from a known state: who changes something names the ETag of what they read."""

import hashlib
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest
from ninja import Status
from pydantic_core import to_json

from accounts.exceptions import Changed, ConditionMissing
from accounts.rest.shapes import Shape

View = Callable[..., Any]


def etag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def state_of(shape: Shape) -> str:
    """The ETag of an answer with it, of all that somebody may change."""
    return etag_of(to_json(shape.model_dump(exclude=set(shape.noted))))


def with_state(view: View) -> View:
    """Of the answer as it is sent nobody can tell any more what in it was noted."""
    if iscoroutinefunction(view):
        return view

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        told = view(request, *args, **kwargs)
        shape = told.value if isinstance(told, Status) else told
        if isinstance(shape, Shape) and shape.noted:
            request.state = state_of(shape)  # type: ignore[attr-defined]  # read where the request was received
        return told

    return answer


def unchanged(request: HttpRequest, shape: Shape, *, required: bool = True) -> None:
    """Raises `ConditionMissing`, `Changed`. Inside a transaction that has locked the row."""
    named = request.headers.get("If-Match", "").strip()
    if not named:
        if required:
            raise ConditionMissing
        return
    if named != "*" and state_of(shape) not in [each.strip() for each in named.split(",")]:
        raise Changed
