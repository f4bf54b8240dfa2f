"""Asked and answered again, and in other words: what was there stays."""

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat import asking, versions
from chat.exceptions import (
    AnswerRunning,
    AttachmentsNotReady,
    EmptyQuestion,
    NoModel,
    NothingToRetry,
    QuestionTooLong,
    UnknownMessage,
)
from chat.exporting import own_format
from chat.exporting.content import document_of
from chat.generation import Writer
from chat.models import Conversation, Message
from chat.sharing import branch as shared_branch
from chat.sharing import share
from chat.windows import Window
from gateway.database import in_database
from rag.models import Collection, Document
from tests.chat.exchanges import answered, cite
from tests.fake_upstream import FakeUpstream

Ask = Callable[..., Message]
JSON = {"accept": "application/json"}


def act(name: str, message: Message) -> str:
    return reverse(f"chat:{name}", args=[message.conversation_id, message.id])


@pytest.fixture
def answer(conversation: Conversation) -> Message:
    return answered(conversation)


def test_an_answer_comes_again_beside_the_old_one(parrot: object, conversation: Conversation, answer: Message) -> None:
    again = versions.regenerate(answer)
    assert (again.parent, again.model, again.status) == (answer.parent, "parrot", Message.Status.WAITING)
    assert conversation.thread() == [answer.parent, again]
    assert conversation.thread(answer.id) == [answer.parent, answer]


def test_an_answer_in_the_middle_comes_again_and_what_followed_stays(
    parrot: object, conversation: Conversation, answer: Message
) -> None:
    later = answered(conversation, "Und sonntags?")
    again = versions.regenerate(answer)
    assert conversation.thread() == [answer.parent, again]
    assert conversation.thread(later.id)[-1] == later


async def test_another_model_answers_when_it_is_named(
    ask: Ask, parrot: object, fake_upstream: FakeUpstream, conversation: Conversation
) -> None:
    from gateway.models import Deployment

    other = await Deployment.objects.aget(name="parrot")
    other.pk, other.name = None, "wren"
    await other.asave()
    first = await in_database(ask)
    await Writer(first, "de").run()
    again = await in_database(versions.regenerate, await _fresh(first), "wren")
    await Writer(again, "de").run()
    await again.arefresh_from_db()
    assert (again.model, again.status) == ("wren", Message.Status.DONE)
    assert (await Conversation.objects.aget()).model == ""  # the next question goes to the model that was chosen


async def _fresh(message: Message) -> Message:
    return await Message.objects.select_related("parent", "conversation__owner").aget(id=message.id)


def test_a_model_that_is_gone_is_refused_and_nothing_is_placed(parrot: object, answer: Message) -> None:
    for model in ("gone", "x" * 5_000, "' OR 1=1"):
        with pytest.raises(NoModel):
            versions.regenerate(answer, model)
    Message.objects.filter(id=answer.id).update(model="gone")
    answer.refresh_from_db()
    with pytest.raises(NoModel):
        versions.regenerate(answer)
    assert Message.objects.count() == 2


def test_a_question_without_an_answer_is_answered(parrot: object, conversation: Conversation) -> None:
    question = Message.objects.create(conversation=conversation, role=Message.Role.USER, text="Wann?")
    assert versions.regenerate(question).parent == question


def test_an_answer_without_a_question_is_not_given_again(parrot: object, conversation: Conversation) -> None:
    lone = Message.objects.create(conversation=conversation, role=Message.Role.ASSISTANT, text="Hallo")
    with pytest.raises(NothingToRetry):
        versions.regenerate(lone)


@pytest.mark.usefixtures("parrot")
def test_nothing_begins_while_an_answer_runs(conversation: Conversation, answer: Message) -> None:
    asking.ask(conversation, "Läuft?")
    assert answer.parent
    begin: list[Callable[[], object]] = [
        lambda: versions.regenerate(answer),
        lambda: versions.ask_anew(answer.parent, "Anders?"),  # type: ignore[arg-type]
        lambda: versions.rewrite(answer, "Um zehn."),
    ]
    for attempt in begin:
        with pytest.raises(AnswerRunning):
            attempt()
    assert Message.objects.count() == 4


@pytest.mark.usefixtures("parrot")
async def test_of_two_who_edit_at_once_one_is_answered(ask: Ask) -> None:
    first = await in_database(ask)
    await Message.objects.filter(id=first.id).aupdate(status=Message.Status.DONE)
    question = (await _fresh(first)).parent
    tries = [asyncio.to_thread(_in_own_connection, question, f"Frage {number}?") for number in range(4)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, AnswerRunning) for result in results) == 3
    assert await Message.objects.acount() == 4


def _in_own_connection(question: Message, text: str) -> object:
    from django.db import connections

    try:
        return versions.ask_anew(Message.objects.select_related("parent").get(id=question.id), text)
    finally:
        connections.close_all()


def test_an_edited_question_is_asked_beside_the_old_one(conversation: Conversation, answer: Message) -> None:
    later = answered(conversation, "Und sonntags?")
    assert later.parent
    question, new = versions.ask_anew(later.parent, "  Und samstags?\x00 ")
    assert (question.text, question.parent) == ("Und samstags?", answer)
    assert conversation.thread() == [answer.parent, answer, question, new]


def test_a_first_question_is_edited_into_another_beginning(conversation: Conversation, answer: Message) -> None:
    assert answer.parent
    question, new = versions.ask_anew(answer.parent, "Wo?")
    assert question.parent is None and conversation.thread() == [question, new]


@pytest.mark.parametrize(
    ("text", "error"), [("", EmptyQuestion), (" \x00\n", EmptyQuestion), ("x" * 200_000, QuestionTooLong)]
)
def test_an_edit_of_nothing_or_far_too_much_is_refused(
    conversation: Conversation, answer: Message, text: str, error: type[Exception]
) -> None:
    assert answer.parent
    for edit in (lambda: versions.ask_anew(answer.parent, text), lambda: versions.rewrite(answer, text)):  # type: ignore[arg-type]
        with pytest.raises(error):
            edit()
    assert conversation.thread() == [answer.parent, answer]


def test_an_edited_question_waits_for_files_that_are_still_read(conversation: Conversation, answer: Message) -> None:
    conversation.attachments = Collection.objects.create(owner=conversation.owner, name="a", is_attachment=True)
    conversation.save()
    Document.objects.create(collection=conversation.attachments, name="a.txt", size=1)
    assert answer.parent
    with pytest.raises(AttachmentsNotReady):
        versions.ask_anew(Message.objects.get(id=answer.parent_id), "Anders?")


def test_an_edited_answer_is_a_version_that_says_so(conversation: Conversation, answer: Message) -> None:
    cite(answer, None)
    answer.refresh_from_db()
    version = versions.rewrite(answer, "Um zehn [1].")
    assert (version.edited, version.model, version.citations.count()) == (True, "parrot", 1)
    assert conversation.thread() == [answer.parent, version]
    answer.refresh_from_db()
    assert (answer.text, answer.edited, answer.citations.count()) == ("Um neun.", False, 1)


def test_saved_twice_it_is_there_once_and_unchanged_not_at_all(conversation: Conversation, answer: Message) -> None:
    assert versions.rewrite(answer, "Um zehn.") == versions.rewrite(answer, "Um zehn. ")
    assert versions.rewrite(answer, "Um neun.") == answer
    assert conversation.messages.count() == 3


def test_page_export_and_share_do_not_present_it_as_the_models_words(
    alices_client: Client, conversation: Conversation, answer: Message
) -> None:
    version = versions.rewrite(answer, "Um zehn.")
    page = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert "Edited by a person" in page and "first written by parrot" in page
    document = document_of(conversation)
    assert document.turns[-1].author == "parrot (AI), edited by a person" and "edited by a person" in document.notice
    record = own_format.record(Conversation.objects.get())
    assert [each["edited_by_person"] for each in record["messages"]] == [False, False, True]
    assert record["shown"] == str(version.id)
    shared = share(conversation, everyone=True, people=[], teams=[])
    assert "Edited by a person" in alices_client.get(shared.get_absolute_url()).content.decode()


@pytest.mark.usefixtures("parrot")
async def test_the_model_is_sent_the_branch_that_is_shown(
    ask: Ask, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    first = await in_database(ask)
    await Writer(first, "de").run()
    await in_database(versions.rewrite, await _fresh(first), "Um zehn.")
    await Writer(await in_database(ask, "Sicher?"), "de").run()
    contents = [message["content"] for message in fake_upstream.calls[-1].body["messages"]]
    assert contents[1:] == ["Wann öffnet die Voliere?", "Um zehn.", "Sicher?"]


def test_the_chosen_branch_is_remembered_exported_and_shared(
    alices_client: Client, conversation: Conversation, answer: Message
) -> None:
    versions.rewrite(answer, "Um zehn.")
    assert alices_client.post(act("show", answer), headers=JSON).json()["message"] == str(answer.id)
    assert conversation.thread()[-1] == answer and document_of(conversation).turns[-1].text == "Um neun."
    assert shared_branch(share(conversation, everyone=True, people=[], teams=[]))[-1] == answer
    page = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert "Um neun." in page and "Um zehn." not in page


def test_versions_are_turned_by_plain_links(alices_client: Client, answer: Message) -> None:
    version = versions.rewrite(answer, "Um zehn.")
    page = alices_client.get(answer.conversation.get_absolute_url()).content.decode()
    assert 'aria-label="Version 2 of 2"' in page and f"?message={answer.id}#m-{answer.id}" in page
    other = alices_client.get(f"{answer.conversation.get_absolute_url()}?message={answer.id}").content.decode()
    assert "Um neun." in other and "data-aside" in other and f"?message={version.id}#m-{version.id}" in other


def test_who_looks_at_another_branch_asks_there(conversation: Conversation, answer: Message) -> None:
    versions.rewrite(answer, "Um zehn.")
    question, new = asking.ask(conversation, "Sicher?", answer.id)
    assert question.parent == answer and conversation.thread() == [answer.parent, answer, question, new]


def test_a_window_knows_its_end_and_whether_it_is_the_branch_shown(conversation: Conversation, answer: Message) -> None:
    version = versions.rewrite(answer, "Um zehn.")
    assert Window.of(conversation).last == version.id and not Window.of(conversation).is_aside
    aside = Window.of(conversation, message=answer.id)
    assert aside.last == answer.id and aside.is_aside


def test_messages_of_other_conversations_are_unknown(
    alices_client: Client, alice: User, conversation: Conversation, answer: Message
) -> None:
    elsewhere = answered(Conversation.objects.create(owner=alice))
    with pytest.raises(UnknownMessage):
        asking.ask(conversation, "Hier?", elsewhere.id)
    for name in ("show", "take", "edit", "regenerate", "continue", "fork", "opinion"):
        address = reverse(f"chat:{name}", args=[conversation.id, elsewhere.id])
        assert alices_client.post(address, {"text": "x"}).status_code == 404
    refused = alices_client.post(
        reverse("chat:ask", args=[conversation.id]), {"text": "?", "after": str(uuid4())}, headers=JSON
    )
    assert (refused.status_code, refused.json()["error"]) == (404, "unknown_message")
    broken = alices_client.post(reverse("chat:ask", args=[conversation.id]), {"text": "?", "after": "x"}, headers=JSON)
    assert (broken.status_code, broken.json()["error"]) == (404, "unknown_message")
    assert conversation.messages.count() == 2


def test_without_script_there_are_pages_for_both(alices_client: Client, parrot: object, answer: Message) -> None:
    assert "Um neun." in alices_client.get(act("edit", answer)).content.decode()
    assert 'value="parrot"' in alices_client.get(act("regenerate", answer)).content.decode()
    saved = alices_client.post(act("edit", answer), {"text": "Um zehn."})
    assert saved.status_code == 302 and "?message=" in saved["Location"]


def test_an_export_taken_back_shows_the_same_branch(alice: User, conversation: Conversation, answer: Message) -> None:
    from chat.importing import own_format as reading
    from chat.importing.storing import store

    versions.rewrite(answer, "Um zehn.")
    asking.show(answer)
    taken = store(alice, reading.conversation_of(own_format.record(Conversation.objects.get())))
    assert taken.thread()[-1].text == "Um neun."
    assert [message.edited for message in taken.messages.all()] == [False, False, True]
