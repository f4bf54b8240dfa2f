"""Which branch is shown, and which versions a message has. No database."""

from uuid import UUID

from chat.tree import Tree, Versions

A, B, C, D, E, F = (UUID(int=number) for number in range(1, 7))
FORKED = [(A, None), (B, A), (C, B), (D, A), (E, D), (F, None)]


def test_without_a_choice_the_newest_branch_is_shown() -> None:
    assert Tree(FORKED[:-1]).branch() == [A, D, E]


def test_the_chosen_branch_is_shown_to_its_end() -> None:
    assert Tree(FORKED, shown=B).branch() == [A, B, C]


def test_a_message_asked_for_goes_before_the_choice() -> None:
    assert Tree(FORKED, shown=C).branch(D) == [A, D, E]
    assert Tree(FORKED, shown=C).branch(A) == [A, B, C]


def test_a_first_message_has_versions_too() -> None:
    assert Tree(FORKED, shown=F).branch() == [F]
    assert Tree(FORKED).versions(F) == Versions(2, 2, previous=A, following=None, leads_on=False)
    assert Tree(FORKED).versions(A).leads_on


def test_a_message_of_elsewhere_changes_nothing() -> None:
    assert Tree(FORKED, shown=UUID(int=99)).branch(UUID(int=98)) == [F]


def test_an_empty_conversation_has_no_branch() -> None:
    assert Tree([]).branch() == []
