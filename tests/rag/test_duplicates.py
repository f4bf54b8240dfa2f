from hypothesis import given
from hypothesis import strategies as st

from rag.duplicates import folded

FEE = "Der Beitrag für das Jahr 2024 beträgt dreißig Euro und ist bis zum Ende des Monats März auf das Konto zu zahlen."


def kept(*texts: str) -> list[str]:
    return list(folded(texts, str))


def test_the_same_words_are_one_whatever_stands_between_them() -> None:
    assert kept(FEE, FEE.upper(), FEE.replace(" ", "\n  ")) == [FEE]


def test_nearly_the_same_words_are_one() -> None:
    assert kept(FEE, FEE + " Danke.") == [FEE]


def test_another_number_says_something_else() -> None:
    assert len(kept(FEE, FEE.replace("2024", "2023"))) == 2


def test_other_words_stay() -> None:
    assert len(kept(FEE, "Die Satzung gilt ab Januar.", "Der Beitrag ist frei.")) == 3


@given(st.lists(st.text(max_size=40)))
def test_the_first_of_each_stays_in_its_order(texts: list[str]) -> None:
    found = kept(*texts)
    assert found == sorted(found, key=texts.index) and found[:1] == texts[:1]
