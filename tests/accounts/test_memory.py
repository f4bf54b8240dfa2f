"""What is remembered of a person: what they wrote, no more than fits, and only while they want it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts import memory
from accounts.exceptions import MemoryFull, NotRemembered
from accounts.models import Fact, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(alice: User) -> User:
    alice.remembers = True
    alice.save()
    return alice


def test_a_fact_is_one_line_and_remembered_once(alice: User) -> None:
    first = memory.remember(alice, " Ich arbeite\n im  Tierheim.\x00 ")
    assert memory.remember(alice, "Ich arbeite im Tierheim.") == first
    assert memory.facts_of(alice) == ["Ich arbeite im Tierheim."]


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "x" * 201])
def test_what_is_empty_or_too_long_is_refused_in_words(alice: User, text: str) -> None:
    with pytest.raises(NotRemembered) as refused:
        memory.remember(alice, text)
    assert str(refused.value) and not Fact.objects.exists()


def test_the_longest_fits(alice: User) -> None:
    assert len(memory.remember(alice, "ü" * 200).text) == 200


def test_there_is_an_end_to_it(alice: User) -> None:
    Fact.objects.bulk_create(Fact(user=alice, text=f"Satz {number}") for number in range(memory.MOST))
    with pytest.raises(MemoryFull, match="delete something"):
        memory.remember(alice, "Einer zu viel")
    assert memory.remember(alice, "Satz 3").text == "Satz 3"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_pass_the_limit(alice: User) -> None:
    Fact.objects.bulk_create(Fact(user=alice, text=f"Satz {number}") for number in range(memory.MOST - 2))

    def one(number: int) -> bool:
        try:
            memory.remember(alice, f"Noch einer: {number}")
        except MemoryFull:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(one, range(6))) == 2
    assert alice.facts.count() == memory.MOST


def test_switched_off_nothing_is_given_and_nothing_taken_up(alice: User) -> None:
    memory.remember(alice, "Ich arbeite im Tierheim.")
    alice.remembers = False
    alice.save()
    assert memory.facts_of(alice) == [] and alice.facts.count() == 1
    with pytest.raises(NotRemembered):
        memory.remember(alice, "Noch etwas")


def test_corrected_into_one_that_is_known_the_two_become_one(alice: User) -> None:
    memory.remember(alice, "A")
    memory.correct(memory.remember(alice, "B"), "C")
    assert memory.facts_of(alice) == ["A", "C"]
    memory.correct(alice.facts.get(text="C"), " A ")
    assert memory.facts_of(alice) == ["A"]


def test_it_goes_with_the_account(alice: User) -> None:
    memory.remember(alice, "A")
    alice.delete()
    assert not Fact.objects.exists()


def test_memory_is_off_by_default(bob: User) -> None:
    assert bob.remembers is False and User().remembers is False
