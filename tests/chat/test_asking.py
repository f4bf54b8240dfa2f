import pytest

from accounts.models import User
from chat import asking
from chat.exceptions import (
    AnswerRunning,
    AttachmentsNotReady,
    EmptyQuestion,
    NothingToRetry,
    QuestionTooLong,
    UnknownCollection,
)
from chat.models import Conversation, Message
from rag.models import Collection, Document


def finish(answer: Message, status: Message.Status = Message.Status.DONE) -> None:
    Message.objects.filter(id=answer.id).update(status=status, text="So.")
    answer.refresh_from_db()


def test_a_question_is_stored_with_a_place_for_its_answer(conversation: Conversation) -> None:
    question, answer = asking.ask(conversation, "  Wie viele Tage Urlaub?\x00 ")
    assert conversation.thread() == [question, answer]
    assert (question.text, answer.status) == ("Wie viele Tage Urlaub?", Message.Status.WAITING)


def test_the_first_question_gives_the_title(conversation: Conversation) -> None:
    asking.ask(conversation, "Wer hat\nden Schlüssel? " + "Sehr lang " * 20)
    assert conversation.title.startswith("Wer hat den Schlüssel?") and len(conversation.title) <= 60


@pytest.mark.parametrize("text", ["", "  \n ", "\x00"])
def test_an_empty_question_is_refused(conversation: Conversation, text: str) -> None:
    with pytest.raises(EmptyQuestion):
        asking.ask(conversation, text)
    assert not conversation.messages.exists()


def test_a_huge_question_is_refused(conversation: Conversation) -> None:
    with pytest.raises(QuestionTooLong):
        asking.ask(conversation, "x" * (asking.QUESTION_LIMIT + 1))


def test_a_second_question_has_to_wait_and_leaves_nothing_behind(conversation: Conversation) -> None:
    asking.ask(conversation, "Erste Frage?")
    with pytest.raises(AnswerRunning):
        asking.ask(conversation, "Zweite Frage?")
    assert conversation.messages.count() == 2


def test_a_follow_up_hangs_on_the_last_answer(conversation: Conversation) -> None:
    _, answer = asking.ask(conversation, "Erste Frage?")
    finish(answer)
    question, _ = asking.ask(conversation, "Zweite Frage?")
    assert question.parent == answer


def test_it_waits_for_attachments_that_are_still_read(conversation: Conversation) -> None:
    conversation.attachments = Collection.objects.create(owner=conversation.owner, name="a", is_attachment=True)
    document = Document.objects.create(collection=conversation.attachments, name="a.txt", size=1)
    with pytest.raises(AttachmentsNotReady):
        asking.ask(conversation, "Was steht darin?")
    Document.objects.filter(id=document.id).update(status=Document.Status.FAILED)
    asking.ask(conversation, "Was steht darin?")


def test_a_broken_answer_is_tried_again_beside_it(conversation: Conversation) -> None:
    question, answer = asking.ask(conversation, "Frage?")
    finish(answer, Message.Status.INTERRUPTED)
    again = asking.retry(answer)
    assert again.parent == question and conversation.thread() == [question, again]


def test_a_complete_answer_is_not_tried_again(conversation: Conversation) -> None:
    _, answer = asking.ask(conversation, "Frage?")
    finish(answer)
    with pytest.raises(NothingToRetry):
        asking.retry(answer)


def test_an_answer_in_the_middle_is_not_tried_again(conversation: Conversation) -> None:
    _, answer = asking.ask(conversation, "Erste Frage?")
    finish(answer, Message.Status.STOPPED)
    asking.ask(conversation, "Zweite Frage?")
    with pytest.raises(NothingToRetry):
        asking.retry(answer)
    assert conversation.messages.count() == 4


def test_a_strangers_collection_cannot_be_chosen(conversation: Conversation, charlie: User) -> None:
    foreign = Collection.objects.create(owner=charlie, name="Geheim")
    with pytest.raises(UnknownCollection):
        asking.choose(conversation, "", [foreign.id])


def test_a_collection_of_which_the_right_is_gone_is_no_longer_searched(
    conversation: Conversation, alice: User, bob: User
) -> None:
    from chat.context import collections_of

    shared = Collection.objects.create(owner=bob, name="Geteilt")
    share = shared.shares.create(user=alice)
    asking.choose(conversation, "", [shared.id])
    share.delete()
    assert list(collections_of(conversation)) == []
