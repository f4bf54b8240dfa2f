"""The ledger as CSV, a block of rows at a time.

Each block is a query of its own that goes on after the last row of the one before: a million rows take no more memory
than one block, and however slowly somebody downloads them, no transaction, lock or connection waits for them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.spreadsheets import PLAIN, Flavour, flavour_for_excel, harmless, written
from gateway.amounts import MILLIONTHS, MILLIWATT_HOURS

__all__ = ["CALLS", "PLAIN", "SUMS", "Flavour", "Table", "blocks", "flavour_for_excel"]

BLOCK = 5000  # rows

WHO = {
    "user": "user__email",
    "user_id": "user_id",
    "api_key": "api_key__name",
    "api_key_id": "api_key_id",
    "model": "model",
    "deployment_id": "deployment_id",
    "upstream": "deployment__upstream__name",
    "purpose": "purpose",
}
TOKENS = {"input_tokens": "input_tokens", "output_tokens": "output_tokens"}
AMOUNTS = {"cost": "cost", "energy_wh": "energy"}
TIMES = {"queued_ms": "queued_ms", "duration_ms": "duration_ms"}


@dataclass(frozen=True)
class Table:
    """`columns` are names that scripts rely on, each with the field it shows; `moment` is what rows are ordered by."""

    moment: str
    columns: dict[str, str]


CALLS = Table(
    "started_at",
    {"started_at": "started_at", "call": "id", **WHO, "status": "status", **TOKENS, "cached_tokens": "cached_tokens",
     "estimated": "estimated", **AMOUNTS, "queued_ms": "queued_ms", "first_token_ms": "first_token_ms",
     "duration_ms": "duration_ms"},
)  # fmt: skip
SUMS = Table("start", {"start": "start", **WHO, "calls": "calls", "failed": "failed", **TOKENS, **AMOUNTS, **TIMES})


def blocks(rows: QuerySet[Any], table: Table, flavour: Flavour = PLAIN) -> Iterator[str]:
    page = rows.order_by(table.moment, "pk").values_list(table.moment, "pk", *table.columns.values())
    shown = _cells(table, flavour)
    found: list[tuple[Any, ...]] = []
    yield flavour.mark + written([[*table.columns, "currency"]], flavour)
    while not (0 < len(found) < BLOCK):
        later = _after(table.moment, *found[-1][:2]) if found else Q()
        found = list(page.filter(later)[:BLOCK])
        if not found:
            return
        yield written([[*map(_call, shown, row[2:]), settings.CURRENCY] for row in found], flavour)


def _after(moment: str, begin: datetime, pk: object) -> Q:
    # the first condition alone follows from the second, but it is the one that finds its way through the index
    return Q(**{f"{moment}__gte": begin}) & (Q(**{f"{moment}__gt": begin}) | Q(pk__gt=pk))


def _call(show: Callable[[Any], str], value: Any) -> str:
    return "" if value is None else show(value)


def _cells(table: Table, flavour: Flavour) -> list[Callable[[Any], str]]:
    def amount(unit: int) -> Callable[[Any], str]:
        return lambda value: f"{Decimal(value) / unit:f}".replace(".", flavour.decimal)

    special: dict[str, Callable[[Any], str]] = {
        table.moment: lambda value: timezone.localtime(value).isoformat(),
        "cost": amount(MILLIONTHS),
        "energy_wh": amount(MILLIWATT_HOURS),
    }
    return [special.get(name, _harmless) for name in table.columns]


def _harmless(value: Any) -> str:
    return harmless(value) if isinstance(value, str) else str(value)


def of_rows(rows: list[list[Any]], flavour: Flavour) -> str:
    """A table that is whole already, its first row the names."""
    return flavour.mark + written([[_cell(value, flavour) for value in row] for row in rows], flavour)


def _cell(value: Any, flavour: Flavour) -> str:
    if value is None:
        return ""
    return f"{value:f}".replace(".", flavour.decimal) if isinstance(value, Decimal) else _harmless(value)
