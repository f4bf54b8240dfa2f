import pytest

from chat.evidence import Evidence, same
from chat.words import Sentence


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Das kostet 1.000 Euro.", "It costs 1,000 euros."),
        ("38,5 Stunden", "38.50 hours"),
        ("am 31. März 2025", "31.03.2025"),
        ("2025-03-31", "31 March 2025"),
        ("um 9 Uhr", "at 9:00"),
        ("achtunddreißig Tage", "thirty-eight days"),
        ("zwölf", "12"),
        ("Seite 4 sagt: zwei", "2"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert Sentence(one).numbers == Sentence(other).numbers != frozenset()


def test_an_article_is_no_number() -> None:
    assert Sentence("Ein Tag, one day").numbers == frozenset()


@pytest.mark.parametrize(
    ("one", "other"), [("urlaub", "jahresurlaub"), ("verfall", "verfallt"), ("genehmig", "genehmigt"), ("tag", "tag")]
)
def test_forms_of_a_word_are_one_word(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), [("arbeitstag", "arbeitszeit"), ("hau", "maus"), ("bremen", "kassel")])
def test_other_words_are_others(one: str, other: str) -> None:
    assert not same(one, other)


def test_the_language_is_told_by_small_words() -> None:
    told = [Sentence(text).language for text in ("Das ist für alle.", "This is for all of us.", "Katze Maus")]
    assert told == ["de", "en", ""]


def test_a_sentence_may_take_from_two_that_follow_one_another() -> None:
    evidence = Evidence(["Die Bibliothek öffnet montags. Der Eintritt kostet zwei Euro."])
    claim = Sentence("Die Bibliothek öffnet montags, der Eintritt kostet 2 Euro.")
    assert evidence.best(claim)[1] == 1.0
