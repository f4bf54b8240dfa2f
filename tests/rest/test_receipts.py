"""Receipts of answers by the API, for who asked and for who reads a share."""

import pytest

from accounts.models import User
from chat import sharing
from chat.models import Conversation
from gateway.receipts import Note
from rag.models import CollectionShare
from tests.chat.conftest import conversation  # noqa: F401  (a fixture)
from tests.chat.exchanges import answered, cite, document_of
from tests.chat.test_receipts import NOTE, with_notes
from tests.rest.conftest import Api, signed_in

pytestmark = pytest.mark.django_db


def test_it_says_who_answered_where_and_what_it_took(api: Api, conversation: Conversation) -> None:  # noqa: F811
    answer = with_notes(answered(conversation), NOTE)
    told = api.get(f"/messages/{answer.id}/receipt").json()
    [call] = told["calls"]
    assert (told["left_house"], call["wrote"], call["server"], call["model"]) == ("no", True, "aviary", "parrot")
    assert (call["cost"], call["currency"], call["input_tokens"], call["energy_wh"]) == ("0.0015", "EUR", 1234, None)


@pytest.mark.parametrize(("reached", "left"), [("public", "yes"), ("private", "perhaps"), ("", "yes")])
def test_it_says_what_left_the_house(api: Api, conversation: Conversation, reached: str, left: str) -> None:  # noqa: F811
    answer = with_notes(answered(conversation), NOTE | Note(in_house=False, reached=reached))
    assert api.get(f"/messages/{answer.id}/receipt").json()["left_house"] == left


def test_of_what_nothing_was_kept_nothing_is_said(api: Api, conversation: Conversation) -> None:  # noqa: F811
    told = api.get(f"/messages/{answered(conversation).id}/receipt").json()
    assert (told["left_house"], told["calls"]) == ("unknown", [])


def test_a_note_with_hardly_anything_in_it_is_told(api: Api, conversation: Conversation) -> None:  # noqa: F811
    bare = Note(call=NOTE["call"], kind="chat", purpose="chat", model="", upstream="", card="javascript:alert(1)")
    [call] = api.get(f"/messages/{with_notes(answered(conversation), bare).id}/receipt").json()["calls"]
    assert (call["cost"], call["input_tokens"], call["card"], call["in_house"]) == (None, None, "", False)


def test_a_question_has_none(api: Api, conversation: Conversation) -> None:  # noqa: F811
    assert api.get(f"/messages/{answered(conversation).parent_id}/receipt").status_code == 404


def test_who_reads_a_share_is_told_no_money_and_no_source_that_is_not_theirs(
    alice: User,
    bob: User,
    conversation: Conversation,  # noqa: F811
) -> None:
    answer = with_notes(answered(conversation, text="Dreißig [1]."), NOTE)
    document = document_of(alice, "Gehälter.pdf")
    document.collection.shares.create(user=bob, role=CollectionShare.Role.VIEWER)
    cite(answer, document)
    share, reader = sharing.share(conversation, everyone=False, people=[bob], teams=[]), signed_in(bob)
    shown = reader.get(f"/shares/{share.id}").json()["messages"][-1]["id"]
    path = f"/shares/{share.id}/messages/{shown}/receipt"
    told = reader.get(path).json()
    assert (told["calls"][0]["cost"], told["used"][0]["number"], told["hidden_sources"]) == (None, 1, 0)
    document.collection.shares.all().delete()
    told = reader.get(path).json()
    assert (told["used"], told["hidden_sources"]) == ([], 1)
    assert reader.get(f"/messages/{answer.id}/receipt").status_code == 404


def test_a_message_that_is_not_of_the_share_is_unknown(
    alice: User,
    bob: User,
    conversation: Conversation,  # noqa: F811
) -> None:
    answered(conversation)
    share = sharing.share(conversation, everyone=False, people=[bob], teams=[])
    later = with_notes(answered(conversation), NOTE)
    assert signed_in(bob).get(f"/shares/{share.id}/messages/{later.id}/receipt").status_code == 404
