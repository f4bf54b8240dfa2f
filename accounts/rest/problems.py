"""Refusals as problem details (RFC 9457). A `type` is stable and leads to a page that explains it."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import override
from pydantic_core import to_json

MEDIA_TYPE = "application/problem+json"


def response(error: Any) -> HttpResponse:
    """Of an error of any room: each has a `status` and a `code`, and its words are for people."""
    shown: dict[str, Any] = {
        "type": address_of(error.code),
        "title": title_of(type(error)),
        "status": error.status,
        "detail": str(error),
        "code": error.code,
    }
    if errors := getattr(error, "errors", ()):
        shown["errors"] = [{"field": field, "message": message} for field, message in errors]
    answer = HttpResponse(to_json(shown), status=error.status, content_type=MEDIA_TYPE)
    if error.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if retry_after := getattr(error, "retry_after", None):
        answer["Retry-After"] = str(retry_after)
    return answer


def address_of(code: str) -> str:
    return reverse("problem", args=[code])


def title_of(kind: type[Any]) -> str:
    """In English, which does not vary from one occurrence to the next; `detail` is in the reader's language."""
    with override("en"):
        return sentence_of(kind) or kind.__name__


def sentence_of(kind: type[Any]) -> str:
    words = (getattr(kind, name, "") for name in ("sentence", "message", "text"))
    return next((str(each) for each in words if each), "")


def kinds(root: type[Any]) -> Iterator[type[Any]]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)
