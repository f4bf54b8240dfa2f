"""CSV as spreadsheet programs write and read it."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.exceptions import TableUnreadable

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is run as a formula
LARGEST, MOST_ROWS = 1024 * 1024, 5_000  # bytes; more than any house needs
DELIMITERS = ";,\t"
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True)
class Flavour:
    """A mark at the beginning makes Excel read UTF-8; German ones part cells by semicolons, for commas are decimal."""

    mark: str = ""
    delimiter: str = ","
    decimal: str = "."


PLAIN = Flavour()


def flavour_for_excel() -> Flavour:
    """What a double click opens rightly in the language at hand."""
    is_german = (translation.get_language() or "").startswith("de")
    return Flavour("\ufeff", ";", ",") if is_german else Flavour("\ufeff")


def harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def written(rows: Iterable[Sequence[str]], flavour: Flavour) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=flavour.delimiter).writerows(rows)
    return file.getvalue()


@dataclass(frozen=True)
class Row:
    line: int  # of the file, as a spreadsheet program counts
    cells: Mapping[str, str]  # only of columns that the file has
    problem: str = ""


def decoded(raw: bytes) -> str:
    """UTF-8, UTF-16 or what Windows took before; raises TableUnreadable."""
    if len(raw) > LARGEST:
        raise TableUnreadable(_("The file is larger than one megabyte. Import it in parts."))
    encoding = next((name for mark, name in MARKS.items() if raw.startswith(mark)), "utf-8")
    for each in (encoding, "cp1252"):
        try:
            text = raw.decode(each)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableUnreadable(_("This is no table as text. Save it as CSV (UTF-8) and try again."))


def read(text: str, columns: Sequence[str], required: Sequence[str]) -> list[Row]:
    """Rows that are not empty, by the names in the first one; raises TableUnreadable."""
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TableUnreadable(_("This is no whole table: a quotation mark is opened and not closed.")) from error
    names = _full([name.strip().lower() for name in lines[0]]) if lines else []
    _check(names, columns, required)
    rows = [_row(number, names, cells) for number, cells in enumerate(lines[1:], 2) if any(map(str.strip, cells))]
    if len(rows) > MOST_ROWS:
        raise TableUnreadable(_("The table has more than %(count)s rows. Import it in parts.") % {"count": MOST_ROWS})
    if not rows:
        raise TableUnreadable(_("The table has no rows."))
    return rows


def _check(names: list[str], columns: Sequence[str], required: Sequence[str]) -> None:
    if missing := [name for name in required if name not in names]:
        text = _("The first row has to name the columns; these are missing: %(names)s.")
        raise TableUnreadable(text % {"names": ", ".join(missing)})
    if unknown := [name for name in names if name not in columns]:
        text = _("These columns are not known here: %(names)s. Known are: %(known)s.")
        raise TableUnreadable(text % {"names": ", ".join(unknown)[:200], "known": ", ".join(columns)})
    if len(set(names)) < len(names):
        raise TableUnreadable(_("A column is there twice."))


def _full(cells: list[str], fewest: int = 0) -> list[str]:
    """Without empty ones at the end, which spreadsheet programs add."""
    while len(cells) > fewest and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _row(line: int, names: list[str], cells: list[str]) -> Row:
    problem = ""
    cells = _full(cells, len(names))
    if len(cells) != len(names):
        values = {"found": len(cells), "expected": len(names)}
        problem = _("has %(found)s cells instead of %(expected)s") % values
    found = dict(zip(names, map(_meant, cells), strict=False))
    if any(UNPRINTABLE.search(cell) for cell in found.values()):
        problem = problem or _("holds characters that cannot be printed")
    return Row(line, found, problem)


def _meant(cell: str) -> str:
    """Without the apostrophe that an export puts before what would be run as a formula."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
