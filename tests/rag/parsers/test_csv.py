import pytest

from rag.formats import CSV
from tests.rag.parsers.reading import parsed, tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_delimiter_and_encoding_are_detected(delimiter: str, encoding: str) -> None:
    rows = delimiter.join(["Name", "Größe"]) + "\n" + delimiter.join(["Anna", "3"]) + "\n"
    assert tables(parsed(rows.encode(encoding), CSV)) == ["| Name | Größe |\n| Anna | 3 |"]


def test_quoted_cells_may_hold_anything() -> None:
    content = b'Name;Text\n"Anna; B.";"sagt ""ja""\nund geht"\n'
    assert parsed(content, CSV).text == '| Name | Text |\n| Anna; B. | sagt "ja" und geht |'


def test_the_line_that_names_the_separator_is_no_row() -> None:
    assert parsed(b"sep=;\na;b,c\n", CSV).text == "| a | b,c |"


def test_long_rows_carry_the_header() -> None:
    content = "Name,Ort\n" + "".join(f"Anna {number},Berlin\n" for number in range(100))
    [table] = tables(parsed(content.encode(), CSV))
    assert table.split("\n")[99] == "Name: Anna 99; Ort: Berlin"


def test_long_rows_without_a_header_stay_rows() -> None:
    [table] = tables(parsed("".join(f"{number},17\n" for number in range(100)).encode(), CSV))
    assert table.split("\n")[99] == "| 99 | 17 |"
