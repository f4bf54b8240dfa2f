"""A conversation goes on from one of its messages as another one."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from chat import asking, attachments, forking, versions
from chat.context import stays_in_house
from chat.exceptions import AnswerRunning
from chat.models import Conversation, Message, Project
from rag.models import Collection, Document
from tests.chat.exchanges import answered, cite, document_of
from tests.chat.test_versions import JSON, act


@pytest.fixture
def answer(conversation: Conversation) -> Message:
    return answered(conversation, text="Dreißig [1].")


def test_all_up_to_the_message_is_copied_with_its_sources(conversation: Conversation, answer: Message) -> None:
    cite(answer, document_of(conversation.owner))
    later = answered(conversation, "Und dann?")
    own, refused = forking.fork(Message.objects.get(id=answer.id))
    assert [message.text for message in own.thread()] == ["Wann?", "Dreißig [1]."] and refused == []
    [citation] = own.thread()[-1].citations.all()
    assert (citation.text, citation.document_name) == ("Dreißig Tage.", "Handbuch.pdf")
    assert conversation.thread()[-1] == later


def test_it_follows_the_branch_of_the_message(conversation: Conversation, answer: Message) -> None:
    versions.rewrite(answer, "Um zehn.")
    own, _ = forking.fork(answer)
    assert [message.text for message in own.thread()] == ["Wann?", "Dreißig [1]."]


def test_it_keeps_model_project_and_collections(conversation: Conversation, answer: Message, alice: User) -> None:
    conversation.project = Project.objects.create(owner=alice, name="Umzug")
    conversation.model = "parrot"
    conversation.save()
    conversation.collections.add(Collection.objects.create(owner=alice, name="Haus"))
    own, _ = forking.fork(Message.objects.get(id=answer.id))
    assert (own.project, own.model, own.collections.get().name) == (conversation.project, "parrot", "Haus")


def test_a_copy_that_ends_with_a_question_offers_to_answer_it(
    alices_client: Client, conversation: Conversation, answer: Message
) -> None:
    own, _ = forking.fork(Message.objects.get(id=answer.parent_id))
    [question] = own.thread()
    page = alices_client.get(own.get_absolute_url()).content.decode()
    assert act("regenerate", question) in page
    assert (
        act("regenerate", conversation.thread()[0])
        not in alices_client.get(conversation.get_absolute_url()).content.decode()
    )


def test_titles_are_counted_on(conversation: Conversation, answer: Message) -> None:
    Conversation.objects.filter(id=conversation.id).update(title="Futter")
    first = forking.fork(Message.objects.get(id=answer.id))[0]
    second = forking.fork(first.thread()[-1])[0]
    assert (first.title, second.title) == ("Futter (2)", "Futter (3)")


def test_a_long_title_is_cut_to_fit(conversation: Conversation, answer: Message) -> None:
    Conversation.objects.filter(id=conversation.id).update(title="x" * 150)
    assert len(forking.fork(Message.objects.get(id=answer.id))[0].title) <= 150


def test_attached_files_are_copied_and_read_again(conversation: Conversation, answer: Message) -> None:
    attachments.attach(conversation, SimpleUploadedFile("haus.txt", b"Das Haus ist offen."))
    lost = attachments.attach(Conversation.objects.get(), SimpleUploadedFile("weg.txt", b"Weg."))
    lost.file.delete(save=False)
    own, refused = forking.fork(Message.objects.get(id=answer.id))
    own.refresh_from_db()
    [copied] = Document.objects.filter(collection=own.attachments_id)
    assert (copied.name, copied.status, refused) == ("haus.txt", Document.Status.QUEUED, ["weg.txt"])
    Document.objects.exclude(id=copied.id).delete()
    assert copied.file.read() == b"Das Haus ist offen."


def test_a_copy_of_what_is_confidential_stays_in_the_house(conversation: Conversation, answer: Message) -> None:
    conversation.keeps_in_house = True
    conversation.save()
    assert stays_in_house(forking.fork(Message.objects.get(id=answer.id))[0])


def test_an_answer_under_way_is_not_copied(conversation: Conversation) -> None:
    _, running = asking.ask(conversation, "Wann?")
    with pytest.raises(AnswerRunning):
        forking.fork(running)
    assert Conversation.objects.count() == 1


def test_a_long_conversation_takes_as_many_queries_as_a_short_one(
    conversation: Conversation, answer: Message, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        answered(conversation, f"Frage {number}")
    last = Message.objects.get(id=conversation.branch()[-1])
    with django_assert_max_num_queries(22):
        forking.fork(last)


def test_the_page_leads_to_the_new_conversation_and_says_what_it_is(alices_client: Client, answer: Message) -> None:
    url = alices_client.post(act("fork", answer), headers=JSON).json()["url"]
    assert "This is a copy up to the message you chose." in alices_client.get(url).content.decode()
    assert alices_client.post(act("fork", answer)).status_code == 302  # without script
