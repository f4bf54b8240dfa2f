from uuid import uuid4

import pytest
from django.test import AsyncClient, Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from chat import asking
from chat.models import Citation, Conversation, Message
from gateway.database import in_database
from gateway.models import Deployment
from rag.models import Collection, Document
from tests.conftest import BACKEND, UNKNOWN, client_of
from tests.fake_upstream import FakeUpstream

JSON = {"Accept": "application/json"}


async def client(user: User) -> AsyncClient:
    browser = AsyncClient()
    await browser.aforce_login(user, backend=BACKEND)
    return browser


def page(view: str, *ids: object) -> str:
    return reverse(f"chat:{view}", args=ids)


def cited(conversation: Conversation, document: Document | None) -> Citation:
    _, answer = asking.ask(conversation, "Frage?")
    span = {"start": 100, "end": 126, "focus_start": 110, "focus_end": 122, "text": "Urlaub: – Dreißig Tage. …"}
    return answer.citations.create(number=1, document=document, document_name="Handbuch.pdf", version=1, page=2, **span)


def test_home_greets_with_an_empty_composer(alices_client: Client) -> None:
    html = alices_client.get(page("home")).content.decode()
    assert 'id="composer"' in html and "No model is connected yet" in html


def test_a_conversation_is_listed_once_something_was_asked(alices_client: Client, conversation: Conversation) -> None:
    address = conversation.get_absolute_url()
    assert address not in alices_client.get(page("home")).content.decode()
    asking.ask(conversation, "Wann öffnet die Voliere?")
    assert address in alices_client.get(page("home")).content.decode()


def test_a_question_with_markup_is_shown_as_text(alices_client: Client, conversation: Conversation) -> None:
    asking.ask(conversation, "<script>alert(1)</script>")
    assert b"<script>alert" not in alices_client.get(conversation.get_absolute_url()).content


@pytest.mark.usefixtures("parrot")
async def test_a_question_can_be_asked_without_script(alice: User, conversation: Conversation) -> None:
    browser = await client(alice)
    answer = await browser.post(page("ask", conversation.id), {"text": "Wann öffnet die Voliere?"})
    assert (answer.status_code, answer["Location"]) == (302, conversation.get_absolute_url())
    assert await conversation.messages.acount() == 2


@pytest.mark.usefixtures("parrot")
async def test_the_first_question_makes_the_conversation(alice: User) -> None:
    browser = await client(alice)
    answer = await browser.post(page("create"), {"text": "Wann öffnet die Voliere?"}, headers=JSON)
    assert answer.status_code == 201
    assert answer.json()["url"] == (await Conversation.objects.aget()).get_absolute_url()


@pytest.mark.usefixtures("transactional_db")
async def test_an_empty_first_question_without_script_leads_to_a_page(alice: User) -> None:
    answer = await (await client(alice)).post(page("create"), {"text": ""})
    assert answer.status_code == 302


async def test_a_script_is_told_when_nobody_is_signed_in_any_more(conversation: Conversation) -> None:
    answer = await AsyncClient().post(page("ask", conversation.id), {"text": "Frage?"}, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")


@pytest.mark.usefixtures("transactional_db")
async def test_a_refused_question_is_a_sentence_with_a_code(alice: User, conversation: Conversation) -> None:
    browser = await client(alice)
    answer = await browser.post(page("ask", conversation.id), {"text": " "}, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (400, "empty_question")


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("value", ["nonsense", UNKNOWN, "' OR 1=1"])
async def test_an_unknown_collection_is_refused(alice: User, conversation: Conversation, value: str) -> None:
    browser = await client(alice)
    data = {"text": "Frage?", "collections": [value]}
    answer = await browser.post(page("ask", conversation.id), data, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_collection")
    assert not await conversation.messages.aexists()


def test_a_source_opens_the_document_at_what_answers(alices_client: Client, conversation: Conversation) -> None:
    collection = Collection.objects.create(owner=conversation.owner, name="Haus")
    document = Document.objects.create(collection=collection, name="Handbuch.pdf", size=1)
    citation = cited(conversation, document)
    answer = alices_client.get(page("source", citation.message_id, 1))
    assert answer["Location"].startswith(reverse("rag:document", args=[document.id]))
    assert "start=110&end=122" in answer["Location"] and answer["Location"].endswith("#passage")
    html = alices_client.get(answer["Location"]).content.decode()
    assert f'href="{citation.message.get_absolute_url()}">← Back to the answer' in html


def test_a_source_opens_the_version_that_it_quotes(alices_client: Client, conversation: Conversation) -> None:
    collection = Collection.objects.create(owner=conversation.owner, name="Haus")
    document = Document.objects.create(collection=collection, name="Handbuch.pdf", size=1, version=2)
    about = {"size": 1, "created_at": document.created_at, "text": f"{'.' * 110}Dreißig Tage"}
    document.versions.create(number=1, **about)
    citation = cited(conversation, document)
    answer = alices_client.get(page("source", citation.message_id, 1), follow=True)
    assert '<mark id="passage" tabindex="-1">Dreißig Tage</mark>' in answer.content.decode()


def test_a_source_whose_document_is_gone_shows_what_was_quoted(
    alices_client: Client, conversation: Conversation
) -> None:
    citation = cited(conversation, None)
    html = alices_client.get(page("source", citation.message_id, 1)).content.decode()
    assert "Urlaub: – <mark>Dreißig Tage</mark>. …" in html


def test_a_source_that_is_no_longer_shared_is_not_opened(
    alices_client: Client, conversation: Conversation, bob: User
) -> None:
    collection = Collection.objects.create(owner=bob, name="Bobs")
    citation = cited(conversation, Document.objects.create(collection=collection, name="Handbuch.pdf", size=1))
    assert alices_client.get(page("source", citation.message_id, 1)).status_code == 200


@pytest.mark.usefixtures("parrot")
async def test_a_broken_answer_is_tried_again(
    alice: User, conversation: Conversation, fake_upstream: FakeUpstream
) -> None:
    _, answer = await in_database(asking.ask, conversation, "Frage?")
    await Message.objects.filter(id=answer.id).aupdate(status=Message.Status.FAILED)
    browser = await client(alice)
    answered = await browser.post(page("retry", conversation.id, answer.id), headers=JSON)
    assert answered.status_code == 201 and answered.json()["parent"] == str(answer.parent_id)


def test_a_message_of_another_conversation_is_unknown_here(alices_client: Client, alice: User, bob: User) -> None:
    _, foreign = asking.ask(Conversation.objects.create(owner=bob), "Frage?")
    mine = Conversation.objects.create(owner=alice)
    for view in ("stop", "retry"):
        assert alices_client.post(page(view, mine.id, foreign.id)).status_code == 404
    foreign.refresh_from_db()
    assert not foreign.stop_requested


def test_nobody_reads_without_signing_in(conversation: Conversation) -> None:
    answer = Client().get(conversation.get_absolute_url())
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]


def test_a_stranger_sees_the_same_as_for_an_unknown_id(conversation: Conversation, charlie: User) -> None:
    answers = [client_of(charlie).get(page("conversation", target)) for target in (conversation.id, uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_a_model_is_offered_once_and_to_its_team_alone(alices_client: Client, alice: User, parrot: Deployment) -> None:
    team = Team.objects.create(name="owls")
    Deployment.objects.create(upstream=parrot.upstream, name="parrot", model="parrot-2")
    Deployment.objects.create(upstream=parrot.upstream, name="eagle owl", model="owl").teams.add(team)
    page = alices_client.get("/").content.decode()
    assert page.count('<option value="parrot"') == 1 and "eagle owl" not in page
    Membership.objects.create(user=alice, team=team)
    assert '<option value="eagle owl"' in alices_client.get("/").content.decode()
