from hypothesis import given
from hypothesis import strategies as st

from rag.pages import SHEET, page_at, sheets, shown


def test_a_position_is_on_the_page_that_began_last() -> None:
    assert [page_at([0, 10, 10, 20], position) for position in (0, 9, 10, 19, 500)] == [1, 1, 3, 3, 4]
    assert page_at([], 5) is None


@given(st.text(alphabet="ab\n", max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_the_mark_holds_exactly_the_span(text: str, start: int, end: int) -> None:
    found = list(shown(text, [], (0, len(text)), (start, end)))
    marked = "".join(piece.text for paragraph in found for piece in paragraph.pieces if piece.is_marked)
    assert marked.split() == text[start:end].split() or "\n" in text[start:end]
    assert sum(paragraph.begins_passage for paragraph in found) == bool(marked)


def test_sheets_end_where_pages_do() -> None:
    starts = [0, 30_000, 50_000, 90_001]
    assert sheets("x" * 120_000, starts) == [
        (0, 30_000),
        (30_000, 50_000),
        (50_000, 90_000),
        (90_000, 120_000),
    ]


def test_sheets_cover_a_text_without_any_break() -> None:
    spans = sheets("x" * 100_000, [])
    assert [end - start for start, end in spans] == [SHEET, SHEET, 20_000]


def test_an_empty_text_has_one_sheet() -> None:
    assert sheets("", []) == [(0, 0)]


def test_a_page_is_named_once() -> None:
    pages = [paragraph.page for paragraph in shown("a\n\nb\n\nc", [0, 6], (0, 7), (0, 0))]
    assert pages == [1, None, 2]
