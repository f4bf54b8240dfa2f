"""The cells of a row of a spreadsheet, written as people read them."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from openpyxl.styles.numbers import is_date_format  # type: ignore[import-untyped]
from openpyxl.utils.cell import column_index_from_string  # type: ignore[import-untyped]
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel  # type: ignore[import-untyped]

MIDNIGHT = time()
MAX_COLUMNS = 1_000


class Cells:
    def __init__(self, strings: Sequence[str], formats: Sequence[str], counts_from_1904: bool) -> None:
        self.strings = strings
        self.is_date = [bool(is_date_format(each)) for each in formats]
        self.is_share = ["%" in each for each in formats]
        self.epoch = MAC_EPOCH if counts_from_1904 else WINDOWS_EPOCH

    def written(self, row: Any) -> list[str]:
        found: list[str] = []
        position = 0
        for cell in row:
            position = _column(cell.get("r", "")) or position + 1
            if len(cell) and len(found) < position <= MAX_COLUMNS and (text := self._text(cell)):
                found += [""] * (position - 1 - len(found)) + [text]
        return found

    def _text(self, cell: Any) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(each.text or "" for each in cell.iter("{*}t"))
        value = cell.findtext("{*}v") or ""
        if kind == "s":
            return self.strings[int(value)] if value.isdecimal() and int(value) < len(self.strings) else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return self._number(value, cell.get("s", "0")) if kind == "n" and value else value

    def _number(self, value: str, style: str) -> str:
        try:
            number, index = float(value), int(style)
            if index < len(self.is_date) and self.is_date[index]:
                return _moment(from_excel(number, self.epoch))
        except (ValueError, OverflowError):
            return value
        if index < len(self.is_share) and self.is_share[index]:
            return f"{number * 100:.10g} %"
        return value if value.lstrip("-").isdecimal() else f"{number:.15g}"


def _column(reference: str) -> int:
    letters = reference.rstrip("0123456789")
    return column_index_from_string(letters) if letters.isalpha() and len(letters) <= 3 else 0


def _moment(value: date | datetime | time | object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == MIDNIGHT else value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, date | time) else str(value)
