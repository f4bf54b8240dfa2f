from rag.pages import SHEET, page_at, sections, sheets, single_pages


def test_a_position_is_on_the_page_that_began_last() -> None:
    assert [page_at([0, 10, 10, 20], position) for position in (0, 9, 10, 19, 500)] == [1, 1, 3, 3, 4]
    assert page_at([], 5) is None


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


def test_a_page_is_named_where_it_begins() -> None:
    assert list(sections([0, 6], (0, 9))) == [(1, (0, 6)), (2, (6, 9))]
    assert list(sections([0, 6], (6, 9))) == [(2, (6, 9))]
    assert list(sections([], (0, 9))) == [(None, (0, 9))]


def test_pages_stand_alone_even_when_they_are_empty() -> None:
    assert single_pages("ab", [0, 1, 1]) == [(0, 1), (1, 1), (1, 2)]
