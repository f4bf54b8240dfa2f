"""What a collection's validity and data class mean for an answer."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from chat.context import load
from chat.exceptions import OnlyInHouse
from chat.models import Conversation, Message
from gateway import completions
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import NotInHouse
from gateway.models import Deployment, Purpose, Upstream
from rag.models import Collection, Document
from tests.chat.test_generation import Ask, written
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.usefixtures("parrot")


@pytest.fixture
def chosen(conversation: Conversation, alice: User) -> Collection:
    collection = Collection.objects.create(name="Personal", owner=alice)
    conversation.collections.add(collection)
    return collection


def change(collection: Collection, **fields: object) -> None:
    Collection.objects.filter(pk=collection.pk).update(**fields)


async def test_a_collection_that_has_ended_is_not_answered_from(
    ask: Ask, chosen: Collection, fake_upstream: FakeUpstream
) -> None:
    await Collection.objects.aupdate(valid_until=timezone.localdate() - timedelta(days=1))
    answer = await written(await in_database(ask))
    assert (answer.status, answer.error) == (Message.Status.FAILED, "collection_ended")
    assert "„Personal“ ist nicht mehr gültig" in answer.reason and not fake_upstream.calls


def test_what_is_confidential_is_for_models_in_the_house(ask: Ask, chosen: Collection) -> None:
    change(chosen, data_class="confidential")
    with pytest.raises(OnlyInHouse, match="“parrot” does not run in the house"):
        load(ask())
    Upstream.objects.update(in_house=True)
    Message.objects.all().delete()
    assert load(ask()).caller.keeps_in_house


def test_earlier_answers_keep_a_conversation_in_the_house(
    ask: Ask, chosen: Collection, conversation: Conversation
) -> None:
    answer = ask()
    document = Document.objects.create(collection=chosen, name="a", size=1, sha256=uuid4().hex)
    span = {"start": 0, "end": 1, "focus_start": 0, "focus_end": 1}
    answer.citations.create(number=1, document=document, document_name="a", version=1, text="x", **span)
    change(chosen, data_class="confidential")
    conversation.collections.clear()
    with pytest.raises(OnlyInHouse):
        load(answer)


def test_an_internal_collection_goes_anywhere(ask: Ask, chosen: Collection) -> None:
    assert not load(ask()).caller.keeps_in_house


async def complete(caller: Caller) -> object:
    body = {"model": "parrot", "messages": [{"role": "user", "content": "Hallo"}]}
    return await completions.complete(caller, body, purpose=Purpose.CHAT)


async def test_the_gateway_itself_refuses(alice: User, fake_upstream: FakeUpstream) -> None:
    with pytest.raises(NotInHouse):
        await complete(Caller(alice, keeps_in_house=True))
    assert not fake_upstream.calls
    await complete(Caller(alice))


async def test_no_fallback_leads_out_of_the_house(alice: User, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    elsewhere = await Upstream.objects.acreate(name="elsewhere", base_url=fake_upstream.url)
    other = await Deployment.objects.acreate(upstream=elsewhere, name="cloud", model="cloud")
    await Deployment.objects.filter(pk=parrot.pk).aupdate(fallback=other)
    await Upstream.objects.exclude(pk=elsewhere.pk).aupdate(in_house=True)
    for _ in range(3):
        fake_upstream.fail(500)
    with pytest.raises(Exception, match="model server"):
        await complete(Caller(alice, keeps_in_house=True))
    assert {call.body["model"] for call in fake_upstream.calls} == {"parrot"}
