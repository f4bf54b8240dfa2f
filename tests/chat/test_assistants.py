"""Assistants: who may use one, what it answers from, and what becomes of a conversation when it goes."""

import asyncio
import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Membership, Team, User
from chat import asking, assistants, sharing
from chat.context import load, stays_in_house
from chat.exceptions import AlreadyAsked, AssistantModelGone, OnlyInHouse, UnknownAssistant
from chat.generation import Writer
from chat.models import Assistant, Conversation, Message
from gateway.models import Deployment
from rag.models import Collection
from tests.chat.exchanges import answered
from tests.fake_upstream import FakeUpstream
from tests.rag.files import GARDEN
from tests.rag.test_retrieval import learn


def make(owner: User, name: str = "Gärtnerin", **fields: Any) -> Assistant:
    collections = fields.pop("collections", [])
    assistant = Assistant.objects.create(owner=owner, name=name, **fields)
    assistant.collections.set(collections)
    return assistant


def offer(assistant: Assistant, *people: User, everyone: bool = False, teams: Any = ()) -> Assistant:
    assistant.offer(everyone=everyone, people=people, teams=teams)
    return assistant


def ask_as(owner: User, assistant: Assistant | None, text: str = "Wann öffnet der Garten?") -> Message:
    conversation = Conversation.objects.create(owner=owner, assistant=assistant)
    return asking.ask(conversation, text)[1]


def form(**fields: object) -> dict[str, object]:
    return {"name": "Gärtnerin", "starters": "Wann?\n\nWo?", "model": "", **fields}


# --- who may use one -----------------------------------------------------------------------------------------------


def test_one_is_seen_by_its_owner_those_named_their_teams_and_everyone(alice: User, bob: User, charlie: User) -> None:
    team = Team.objects.create(name="Board")
    Membership.objects.create(user=charlie, team=team)
    own, named = make(alice, "own"), offer(make(alice, "named"), bob)
    in_team, open_to_all = offer(make(alice, "team"), teams=[team]), offer(make(alice, "all"), everyone=True)
    assert set(Assistant.objects.visible_to(alice)) == {own, named, in_team, open_to_all}
    assert set(Assistant.objects.visible_to(bob)) == {named, open_to_all}
    assert set(Assistant.objects.visible_to(charlie)) == {in_team, open_to_all}
    Membership.objects.all().delete()
    assert set(Assistant.objects.visible_to(charlie)) == {open_to_all}
    assert not Assistant.objects.managed_by(bob)


def test_two_who_share_at_once_end_with_one_of_the_two(transactional_db: None, alice: User, bob: User) -> None:
    assistant = make(alice)

    def share(times: int, *people: User) -> None:
        for _ in range(times):
            assistant.offer(everyone=not people, people=people, teams=[])
        connection.close()

    both = [threading.Thread(target=share, args=(10, *people)) for people in ((bob,), ())]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assistant.refresh_from_db()
    assert assistant.everyone is not bool(assistant.people.all())


def test_namesakes_get_slugs_of_their_own_and_keep_them(alice: User, bob: User) -> None:
    first, second, nameless = make(alice), make(bob), make(bob, "日本")
    assert first.slug == "gartnerin" and second.slug.startswith("gartnerin-") and nameless.slug == "assistant"
    first.name = "Försterin"
    first.save()
    assert Assistant.objects.get(id=first.id).slug == "gartnerin"
    assert len(make(alice, "x" * 100).slug) <= 70 and len(make(alice, "x" * 100).slug) <= 70


# --- answers -------------------------------------------------------------------------------------------------------


def test_an_answer_is_given_as_the_assistant(
    parrot: Deployment, alice: User, bob: User, fake_upstream: FakeUpstream
) -> None:
    assistant = offer(make(alice, instructions="Reim & </instructions>", model="parrot", temperature=0.1), bob)
    answer = ask_as(bob, assistant)
    asyncio.run(Writer(answer, "en").run())
    answer.refresh_from_db()
    assert (answer.status, answer.assistant, answer.model) == ("done", "Gärtnerin", "parrot")
    body = fake_upstream.calls[-1].body
    assert body["temperature"] == 0.1
    system = body["messages"][0]["content"]
    assert "“Gärtnerin”" in system and "<instructions>\nReim &amp; &lt;/instructions&gt;\n</instructions>" in system


def test_an_answer_names_its_assistant_and_model_on_the_page(alice: User, alices_client: Client) -> None:
    conversation = Conversation.objects.create(owner=alice)
    answered(conversation, assistant="<b>Gärtnerin")
    page = alices_client.get(conversation.get_absolute_url()).content.decode()
    assert "&lt;b&gt;Gärtnerin · parrot" in page


def test_it_searches_what_the_asker_may_see_and_counts_the_rest(
    parrot: Deployment, fake_upstream: FakeUpstream, alice: User, bob: User
) -> None:
    Deployment.objects.filter(name="bge-finch").update(kind="embedding", is_default=True)
    shared, secret = (Collection.objects.create(owner=alice, name=name) for name in ("Haus", "Geheim"))
    shared.shares.create(user=bob)
    learn(alice, shared, GARDEN, "garten.txt")
    learn(alice, secret, "Der Garten öffnet geheim.", "geheim.txt")
    assistant = offer(make(alice, collections=[shared, secret]), bob)
    answer = ask_as(bob, assistant)
    asyncio.run(Writer(answer, "en").run())
    answer.refresh_from_db()
    assert answer.searched_in == ["Haus"]
    assert {citation.document_name for citation in answer.citations.all()} == {"garten.txt"}
    assert assistant.seen_by(bob).left_out == 1 and assistant.seen_by(alice).left_out == 0


def test_what_is_left_out_is_said_and_not_named(
    parrot: Deployment, alice: User, bob: User, bobs_client: Client
) -> None:
    secret = Collection.objects.create(owner=alice, name="Geheim")
    assistant = offer(make(alice, collections=[secret], starters=["Wann & wo?"]), bob)
    for address in (assistant.get_absolute_url(), f"/?assistant={assistant.id}"):
        page = bobs_client.get(address).content.decode()
        assert "1 collection of this assistant is not shared with you" in page and "Geheim" not in page
        assert "Wann &amp; wo?" in page


def test_a_collection_that_has_ended_is_left_out(parrot: Deployment, alice: User) -> None:
    ended = Collection.objects.create(owner=alice, name="Alt", valid_until="2020-01-01")
    answer = ask_as(alice, make(alice, collections=[ended]))
    assert load(answer).searched is False
    answer.conversation.collections.add(ended)
    with pytest.raises(Exception, match="no longer valid"):
        load(answer)


def test_what_is_confidential_stays_in_the_house(parrot: Deployment, alice: User) -> None:
    confidential = Collection.objects.create(owner=alice, name="Akten", data_class="confidential")
    answer = ask_as(alice, make(alice, collections=[confidential]))
    assert stays_in_house(answer.conversation)
    with pytest.raises(OnlyInHouse):
        load(answer)
    parrot.upstream.in_house = True
    parrot.upstream.save()
    assert load(answer).caller.keeps_in_house


def test_a_model_that_is_gone_is_named(parrot: Deployment, alice: User, alices_client: Client) -> None:
    assistant = make(alice, model="dodo")
    with pytest.raises(AssistantModelGone, match="dodo"):
        load(ask_as(alice, assistant))
    page = alices_client.get(f"/?assistant={assistant.id}").content.decode()
    assert "“Gärtnerin” answers by the model “dodo”, which is not available to you" in page
    edit = alices_client.get(f"/assistants/{assistant.id}/edit/").content.decode()
    assert "dodo (not available)" in edit


def test_an_assistant_that_names_an_assistant_finds_no_model(parrot: Deployment, alice: User) -> None:
    assistant = make(alice, "loop", model="assistant/loop")
    with pytest.raises(AssistantModelGone):
        load(ask_as(alice, assistant))


def test_one_that_is_no_longer_shared_answers_no_more(
    parrot: Deployment, alice: User, bob: User, bobs_client: Client
) -> None:
    open_collection = Collection.objects.create(owner=bob, name="Bobs")
    assistant = offer(make(alice, collections=[open_collection]), bob)
    answer = ask_as(bob, assistant)
    assert load(answer).searched
    offer(assistant)
    with pytest.raises(UnknownAssistant):
        load(answer)
    page = bobs_client.get(answer.conversation.get_absolute_url()).content.decode()
    assert "is no longer shared with you" in page and assistant.public_name not in page


def test_a_conversation_outlives_its_assistant(parrot: Deployment, alice: User, alices_client: Client) -> None:
    assistant = make(alice)
    answer = ask_as(alice, assistant)
    assert alices_client.post(f"/assistants/{assistant.id}/delete/").status_code == 302
    answer.refresh_from_db()
    answer.conversation.refresh_from_db()
    assert answer.conversation.assistant is None and load(answer).deployment == parrot


# --- choosing ------------------------------------------------------------------------------------------------------


def test_an_assistant_is_chosen_like_a_model_and_left_for_one(parrot: Deployment, alice: User, bob: User) -> None:
    assistant, conversation = offer(make(alice), bob), Conversation.objects.create(owner=bob)
    asking.choose(conversation, assistant.public_name, [])
    conversation.refresh_from_db()
    assert (conversation.assistant, conversation.model) == (assistant, "")
    asking.choose(conversation, "parrot", [])
    conversation.refresh_from_db()
    assert (conversation.assistant, conversation.model) == (None, "parrot")


@pytest.mark.parametrize("name", ["assistant/", "assistant/gartnerin", "assistant/nobody", "assistant/<b>"])
def test_a_strangers_assistant_is_as_unknown_as_none(alice: User, charlie: User, name: str) -> None:
    make(alice)
    with pytest.raises(UnknownAssistant):
        assistants.named(charlie, name)


def test_a_model_that_is_called_like_an_assistant_was_there_first(parrot: Deployment, alice: User) -> None:
    make(alice)
    Deployment.objects.filter(id=parrot.id).update(name="assistant/gartnerin")
    assert assistants.named(alice, "assistant/gartnerin") is None


def test_a_starter_is_asked_by_its_button_without_script(
    parrot: Deployment, alice: User, alices_client: Client
) -> None:
    assistant = make(alice, starters=["Wann?"])
    page = alices_client.get(f"/?assistant={assistant.id}").content.decode()
    assert f'value="{assistant.public_name}" data-assistant="{assistant.id}" selected' in page
    given = {"text": "", "starter": "Wann?", "model": assistant.public_name}
    alices_client.post("/conversations/", given)
    conversation = Conversation.objects.get()
    assert conversation.assistant == assistant
    assert conversation.thread()[0].text == "Wann?"


def test_a_message_that_is_sent_twice_is_stored_once(conversation: Conversation, alice: User) -> None:
    identity = uuid4()
    _question, answer = asking.ask(conversation, "Wann?", question_id=identity)
    Message.objects.filter(id=answer.id).update(status="done")
    with pytest.raises(AlreadyAsked):
        asking.ask(conversation, "Wann?", question_id=identity)
    assert conversation.messages.count() == 2


def test_a_copy_of_a_shared_conversation_names_the_assistant(alice: User, bob: User) -> None:
    conversation = Conversation.objects.create(owner=alice, assistant=make(alice))
    answered(conversation, assistant="Gärtnerin")
    share = sharing.share(conversation, everyone=True, people=[], teams=[])
    copy = sharing.copy(share, bob)
    assert copy.thread()[-1].assistant == "Gärtnerin" and copy.assistant is None


# --- pages ---------------------------------------------------------------------------------------------------------


def test_one_is_made_changed_and_shared_on_its_pages(
    parrot: Deployment, alice: User, bob: User, alices_client: Client
) -> None:
    collection = Collection.objects.create(owner=alice, name="Haus")
    made = alices_client.post("/assistants/new/", form(model="parrot", temperature="0.5", collections=[collection.id]))
    assistant = Assistant.objects.get()
    assert made["Location"] == assistant.get_absolute_url()
    assert (assistant.starters, assistant.model, assistant.temperature) == (["Wann?", "Wo?"], "parrot", 0.5)
    assert list(assistant.collections.all()) == [collection]
    address = assistant.get_absolute_url()
    alices_client.post(f"{address}edit/", form(name="Försterin", instructions="Kurz."))
    alices_client.post(f"{address}share/", {"audience": "named", "people": "bob@example.org, bob@example.org"})
    assistant.refresh_from_db()
    assert (assistant.name, list(assistant.people.all())) == ("Försterin", [bob])
    alices_client.post(f"{address}share/", {"audience": "nobody", "people": "bob@example.org"})
    assert not assistant.is_shared


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("instructions", "x" * 100_000),
        ("instructions", "\x00"),
        ("model", "dodo"),
        ("model", "assistant/gartnerin"),
        ("temperature", "2.1"),
        ("temperature", "nan"),
        ("temperature", "warm"),
        ("starters", "\n".join("abcdefg")),
        ("starters", "x" * 201),
        ("collections", ["not-an-id"]),
        ("collections", ["01234567-89ab-4def-8123-456789abcdef"]),
    ],
)
def test_bad_input_is_named_and_nothing_is_kept(
    parrot: Deployment, alice: User, alices_client: Client, field: str, value: object
) -> None:
    Collection.objects.create(owner=alice, name="Haus")
    response = alices_client.post("/assistants/new/", form(**{field: value}))
    assert response.status_code == 200 and response.context["form"].errors[field]
    assert not Assistant.objects.exists()


def test_a_foreign_collection_cannot_be_put_in(alice: User, bob: User, alices_client: Client) -> None:
    Collection.objects.create(owner=alice, name="Haus")
    foreign = Collection.objects.create(owner=bob, name="Bobs")
    assert alices_client.post("/assistants/new/", form(collections=[foreign.id])).context["form"].errors


def test_two_hundred_collections_are_taken_in_a_few_queries(
    parrot: Deployment, alice: User, alices_client: Client, django_assert_max_num_queries: Any
) -> None:
    many = Collection.objects.bulk_create(Collection(owner=alice, name=f"C{i}") for i in range(200))
    with django_assert_max_num_queries(25):
        alices_client.post("/assistants/new/", form(collections=[each.id for each in many]))
    assistant = Assistant.objects.get()
    assert assistant.collections.count() == 200
    with django_assert_max_num_queries(30):
        alices_client.get(f"/?assistant={assistant.id}")


def test_sharing_with_nobody_here_is_refused(alice: User, alices_client: Client) -> None:
    assistant = make(alice)
    given = {"audience": "named", "people": "nobody@example.org"}
    response = alices_client.post(f"/assistants/{assistant.id}/share/", given)
    assert response.context["form"].errors["people"] and not assistant.is_shared


def test_a_list_of_many_takes_no_query_more(
    alice: User, bob: User, alices_client: Client, django_assert_max_num_queries: Any
) -> None:
    for i in range(30):
        offer(make(bob, f"A{i}"), alice)
    with django_assert_max_num_queries(20):
        assert alices_client.get("/assistants/").content.count(b"Start a chat:") == 30
