"""Lists in pages, as OpenAI's clients turn them: by the id after or before which a page begins."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from gateway.requests import invalid
from rag.api.endpoints import Object

Row = TypeVar("Row", bound=Model)
ORDERS = ("asc", "desc")


def page(
    rows: "QuerySet[Row]",
    query: dict[str, str],
    shown: Callable[[Row], Object],
    find: Callable[["QuerySet[Row]", str], Row | None],
    *,
    usual: int = 20,
    most: int = 100,
) -> Object:
    """`find` is the row of an id; raises InvalidRequest for an id that is none of these rows'."""
    limit = _limit(query.get("limit"), usual, most)
    order = query.get("order", "desc")
    if order not in ORDERS:
        raise invalid("order", ", ".join(ORDERS))
    is_falling = order == "desc"
    for name, is_beyond in (("after", is_falling), ("before", not is_falling)):
        if name in query:
            if (cursor := find(rows, query[name])) is None:
                raise invalid(name, _("the id of an object of this list"))
            rows = rows.filter(_beyond(cursor, is_falling=is_beyond))
    is_backwards = "before" in query and "after" not in query  # then those nearest to it are wanted
    sign = "-" if is_falling != is_backwards else ""
    found = list(rows.order_by(f"{sign}created_at", f"{sign}pk")[: limit + 1])
    data = [shown(row) for row in (found[:limit][::-1] if is_backwards else found[:limit])]
    ids = [each["id"] for each in data] or [None]
    return {"object": "list", "data": data, "first_id": ids[0], "last_id": ids[-1], "has_more": len(found) > limit}


def _limit(given: str | None, usual: int, most: int) -> int:
    if given is None:
        return usual
    if not (given.isascii() and given.isdigit() and len(given) < 9 and 1 <= int(given) <= most):
        raise invalid("limit", _("a whole number from 1 to %(most)s") % {"most": most})
    return int(given)


def _beyond(cursor: Any, *, is_falling: bool) -> Q:
    beyond = "lt" if is_falling else "gt"
    same_moment = Q(created_at=cursor.created_at) & Q(**{f"pk__{beyond}": cursor.pk})
    return Q(**{f"created_at__{beyond}": cursor.created_at}) | same_moment
