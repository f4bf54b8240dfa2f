"""What counts as the same word: terms out of the database's own functions, and passages found by them."""

import pytest
from django.db import connection

from accounts.models import User
from rag.models import Collection, Posting
from tests.fake_upstream import FakeUpstream
from tests.rag.files import GARDEN
from tests.rag.test_retrieval import ask, learn

pytestmark = pytest.mark.django_db


def terms(text: str, config: str = "german") -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT term FROM rag_terms(%s, %s)", [config, text])
        return {term for (term,) in cursor.fetchall()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Häuser", "Haeuser"),
        ("Häuser", "Hauser"),
        ("Straße", "Strasse"),
        ("restaurieren", "restaurierte"),
        ("E-Mails", "Email"),
        ("1.200", "1200"),
        ("Café", "Cafe"),
    ],
)
def test_one_word_in_two_spellings_is_one_term_in_german(one: str, other: str) -> None:
    assert terms(one) & terms(other)


@pytest.mark.parametrize(("one", "other"), [("naïve", "naive"), ("co-operate", "cooperate"), ("Müller", "Muller")])
def test_one_word_in_two_spellings_is_one_term_in_english(one: str, other: str) -> None:
    assert terms(one, "english") & terms(other, "english")


@pytest.mark.parametrize(("one", "other"), [("Haus", "Maus"), ("12-345/2024", "12-345/2023"), ("3.5", "35")])
def test_what_differs_stays_apart(one: str, other: str) -> None:
    assert terms(one) - terms(other)


def test_addresses_and_numbers_of_files_are_found_by_their_whole_and_by_their_parts() -> None:
    assert {"12", "345", "2024", "123452024"} <= terms("AZ 12-345/2024")
    assert {"anna", "exampl", "annaexampleorg"} <= terms("anna@example.org", "english")


@pytest.mark.parametrize("config", ["russian", "arabic", "hindi", "simple"])
@pytest.mark.parametrize("text", ["Музей открыт ёлка", "المكتبة مفتوحة", "पुस्तकालय खुला है", "한국어", "图书馆"])
def test_words_of_other_scripts_keep_their_letters(config: str, text: str) -> None:
    assert terms(text, config) and all(any(map(str.isalpha, term)) for term in terms(text, config))


def test_where_the_language_is_unknown_words_that_mean_nothing_are_left_out() -> None:
    assert terms("der Garten and the budget", "simple") == {"garten", "budget"}


APPLICATION = "Den Urlaubsantrag unterschreibt die Leitung spätestens am Freitag."
OFFICE = "Der Antrag liegt im Büro aus, neben dem Plan für den Urlaub der Kolleginnen."
FILE = "Das Verfahren mit dem Aktenzeichen AZ 12-345/2024 ruht bis zum Herbst."
OTHER_FILE = "Das Verfahren mit dem Aktenzeichen AZ 12-678/2024 ist abgeschlossen."


@pytest.fixture
def office(embedder: FakeUpstream, collection: Collection, alice: User) -> Collection:
    for text in (GARDEN, OFFICE, APPLICATION, FILE, OTHER_FILE):
        learn(alice, collection, text, f"{text[:9]}.txt")
    return collection


def by_words(user: User, embedder: FakeUpstream, question: str) -> list[str]:
    for _ in range(5):
        embedder.fail(503)
    return [passage.text for passage in ask(user, question)]


FOUND = {
    "Antrag": {OFFICE, APPLICATION},
    "Urlaubsanträge": {OFFICE, APPLICATION},
    "Wo finde ich Gaerten?": {GARDEN},
    "Was ist mit 12-345/2024?": {FILE, OTHER_FILE},
    "STRASSE": {GARDEN},
}
FIRST = {"Aktenzeichen 12-678/2024": OTHER_FILE, "Urlaubsantrag": APPLICATION, "Was ist mit 12-345/2024?": FILE}


def test_compounds_numbers_and_spellings_are_found(office: Collection, embedder: FakeUpstream, alice: User) -> None:
    assert {question: set(by_words(alice, embedder, question)) for question in FOUND} == FOUND
    assert {question: by_words(alice, embedder, question)[0] for question in FIRST} == FIRST


def test_a_part_of_a_compound_is_half_a_word(office: Collection) -> None:
    counted = Posting.objects.filter(term="antrag").values_list("chunk__text", "frequency")
    assert dict(counted) == {OFFICE: 2, APPLICATION: 1}
