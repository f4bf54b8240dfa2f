import pytest
from django.utils.translation import override

from rag.places import pages_left_out, place


@pytest.mark.parametrize(
    ("kind", "number", "label", "english", "german"),
    [
        ("page", 3, "", "page 3", "Seite 3"),
        ("slide", 3, "", "slide 3", "Folie 3"),
        ("sheet", 1, "Budget", "sheet Budget", "Tabellenblatt Budget"),
        ("section", 2, "", "section 2", "Abschnitt 2"),
        ("", 4, "", "page 4", "Seite 4"),
        ("", None, "", "", ""),
    ],
)
def test_a_place_is_called_what_people_call_it(
    kind: str, number: int | None, label: str, english: str, german: str
) -> None:
    assert place(kind, number, label) == english
    with override("de"):
        assert place(kind, number, label) == german


@pytest.mark.parametrize(
    ("pages", "sentence"),
    [([4], "Page 4 was left out."), ([1, 2, 3, 7, 9, 10], "Pages 1–3, 7, 9–10 were left out.")],
)
def test_pages_left_out_are_named_in_runs(pages: list[int], sentence: str) -> None:
    assert pages_left_out(pages) == sentence
