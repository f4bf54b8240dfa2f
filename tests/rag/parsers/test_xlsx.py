from datetime import date, datetime

import openpyxl
import pytest

from rag.formats import XLSX
from tests.rag.parsers.office import replaced, saved, workbook
from tests.rag.parsers.reading import pages, parsed, reason, tables

PLANTS = [["Pflanze", "Preis"], *([f"Rose {number}", number] for number in range(100))]


def test_each_sheet_is_a_page_with_its_name() -> None:
    found = parsed(workbook(Budget=[["Posten", "Summe"], ["Rosen", 3.5]], Leer=[], Team=[["Anna"]]), XLSX)
    assert pages(found) == ["| Posten | Summe |\n| Rosen | 3.5 |", "", "| Anna |"]
    assert (found.page_kind, found.page_labels) == ("sheet", ["Budget", "Leer", "Team"])
    assert [heading.title for heading in found.headings] == ["Budget", "Team"]


def test_a_row_of_a_long_sheet_names_its_columns() -> None:
    [table] = tables(parsed(workbook(Preise=PLANTS), XLSX))
    assert table.split("\n")[41] == "Pflanze: Rose 41; Preis: 41"


def test_the_title_above_a_long_table_is_not_its_header() -> None:
    [table] = tables(parsed(workbook(Preise=[["Preise 2024"], *PLANTS]), XLSX))
    assert table.split("\n")[:2] == ["Preise 2024", "Pflanze: Rose 0; Preis: 0"]


def test_two_tables_of_a_sheet_are_two() -> None:
    assert len(tables(parsed(workbook(Beide=[["a", "b"], [1, 2], [], [], ["c", "d"], [3, 4]]), XLSX))) == 2


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (date(2024, 5, 1), "dd.mm.yyyy", "2024-05-01"),
        (datetime(2024, 5, 1, 9, 30), "dd.mm.yyyy hh:mm", "2024-05-01 09:30"),
        (0.125, "0.0%", "12.5 %"),
        (0.1 + 0.2, "General", "0.3"),
        (True, "General", "TRUE"),
        ("a | b\nc", "General", "a \\| b c"),
    ],
)
def test_a_cell_is_written_as_people_read_it(value: object, number_format: str, text: str) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = value
    book.active["A1"].number_format = number_format
    assert parsed(saved(book), XLSX).text == f"| {text} |"


def test_a_hidden_sheet_is_not_read() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "sichtbar"
    hidden = book.create_sheet("Geheim")
    hidden["A1"], hidden.sheet_state = "verborgen", "hidden"
    assert parsed(saved(book), XLSX).text == "| sichtbar |"


def test_a_million_empty_rows_are_passed_quickly() -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "Anfang", "Ende"
    content = replaced(saved(book), "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"XFD1048576", b"B1048576"))
    assert tables(parsed(content, XLSX)) == ["| Anfang |", "|  | Ende |"]


def test_a_workbook_without_a_word_says_so() -> None:
    assert reason(workbook(Leer=[]), XLSX) == "no_text"
