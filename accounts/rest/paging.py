"""Lists, a page at a time. A page ends with a cursor that says where the next one begins.

A cursor is signed and holds for its reader, its list and its order alone. What is added meanwhile shifts nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query
from pydantic import BaseModel, Field

from accounts.exceptions import InvalidCursor
from accounts.signing_in import person

Row = TypeVar("Row")
Shown = TypeVar("Shown")
LIMIT = 50
LONGEST_CURSOR = 1_000  # characters


class Page(BaseModel, Generic[Shown]):
    items: list[Shown]
    next: str | None = Field(description="The cursor of the next page; null on the last one.", examples=[None])


class Turning(BaseModel):
    limit: int = Field(LIMIT, ge=1, le=100)
    cursor: str = Field("", max_length=LONGEST_CURSOR, description="`next` of the page before.")


Turned = Annotated[Turning, Query()]


def page(
    request: HttpRequest,
    rows: "QuerySet[Any]",
    order: Sequence[str],
    turning: Turning,
    shape: Callable[[Any], Shown],
) -> Page[Shown]:
    """`order` ends with what is different in every row, as Django writes it: ["-updated_at", "-id"]."""
    salt = f"{request.path} {person(request).pk} {','.join(order)}"
    if turning.cursor:
        rows = rows.filter(_behind(order, _opened(turning.cursor, salt, len(order))))
    found = list(rows.order_by(*order)[: turning.limit + 1])
    shown = found[: turning.limit]
    last = [_written(getattr(shown[-1], name.lstrip("-"))) for name in order] if len(found) > len(shown) else None
    return Page[Any](items=[shape(each) for each in shown], next=signing.dumps(last, salt=salt) if last else None)


def _written(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value


def _opened(cursor: str, salt: str, length: int) -> list[Any]:
    try:
        found = signing.loads(cursor, salt=salt)
    except signing.BadSignature:
        raise InvalidCursor from None
    if not isinstance(found, list) or len(found) != length:
        raise InvalidCursor
    return found


def _behind(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows after these values. The first condition repeats the whole in a form that an index can begin at."""
    condition, same = Q(), Q()
    for name, value in zip(order, values, strict=True):
        field, comparison = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        condition |= same & Q((f"{field}__{comparison}", value))
        same &= Q((field, value))
    first = order[0].lstrip("-")
    return Q((f"{first}__{'lte' if order[0].startswith('-') else 'gte'}", values[0])) & condition
