"""What people think of answers: theirs to change and to take back, and nobody else's to read."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat import asking, opinions, sharing, versions
from chat.exporting import own_format
from chat.models import Conversation, Message
from tests.chat.exchanges import answered, conversation_of
from tests.chat.test_versions import JSON, act


@pytest.fixture
def answer(conversation: Conversation) -> Message:
    return answered(conversation)


def given(answer: Message) -> tuple[str, str, str]:
    answer.refresh_from_db()
    return answer.opinion, answer.opinion_reason, answer.opinion_text


def test_it_is_given_changed_and_taken_back(alices_client: Client, answer: Message) -> None:
    assert (
        'aria-pressed="true"'
        in alices_client.post(act("opinion", answer), {"opinion": "good"}, headers=JSON).json()["html"]
    )
    assert given(answer) == ("good", "", "")
    bad = {"opinion": "bad", "reason": "wrong", "words": " Es sind\nacht. "}
    assert "Not correct. Es sind acht." in alices_client.post(act("opinion", answer), bad, headers=JSON).json()["html"]
    assert given(answer) == ("bad", "wrong", "Es sind acht.")
    alices_client.post(act("opinion", answer), {"opinion": "", "words": "bleibt nicht"})
    assert given(answer) == ("", "", "")


@pytest.mark.parametrize(
    "nonsense", [{"opinion": "great"}, {"opinion": "good", "words": "x" * 501}, {"opinion": "bad", "reason": "x" * 99}]
)
def test_nonsense_is_refused(alices_client: Client, answer: Message, nonsense: dict[str, str]) -> None:
    assert alices_client.post(act("opinion", answer), nonsense, headers=JSON).status_code == 400
    assert alices_client.post(act("opinion", answer), nonsense).status_code == 302
    assert given(answer) == ("", "", "")


def test_a_reason_for_another_opinion_is_left_out(answer: Message) -> None:
    opinions.give(answer, "good", "wrong")
    assert given(answer) == ("good", "", "")


def test_questions_and_answers_under_way_are_not_judged(alices_client: Client, conversation: Conversation) -> None:
    question, running = asking.ask(conversation, "Wann?")
    for message in (question, running):
        assert alices_client.post(act("opinion", message), {"opinion": "good"}).status_code == 404


def test_nobody_but_the_owner_reads_it(
    bobs_client: Client, bob: User, conversation: Conversation, answer: Message
) -> None:
    opinions.give(answer, "bad", "wrong", "geheim")
    shown = sharing.share(conversation, everyone=False, people=[bob], teams=[])
    assert "geheim" not in bobs_client.get(shown.get_absolute_url()).content.decode()
    copy = sharing.copy(shown, bob)
    assert [message.opinion for message in copy.messages.all()] == ["", ""]
    assert "geheim" not in str(own_format.record(conversation))


def test_models_are_counted_without_what_people_wrote_themselves(alice: User, bob: User) -> None:
    for owner, opinion in ((alice, "good"), (alice, "bad"), (bob, "good")):
        answer = conversation_of(owner).messages.get(role="assistant")
        opinions.give(answer, opinion)
    edited = versions.rewrite(answer, "Um zehn.")
    opinions.give(edited, "bad")
    assert opinions.by_model() == [opinions.Tally("parrot", 2, 1)]


@pytest.mark.django_db
def test_the_panel_counts_and_shows_no_words(client: Client, alice: User, admin_user: User) -> None:
    answer = conversation_of(alice).messages.get(role="assistant")
    opinions.give(answer, "bad", "wrong", "geheim")
    address = reverse("opinions")
    assert client.get(address).status_code == 302
    client.force_login(admin_user)
    page = client.get(address).content.decode()
    assert "parrot" in page and "geheim" not in page and "Not correct" not in page
