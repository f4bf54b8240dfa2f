"""A conversation that nobody keeps: it is answered, counted, and written down nowhere."""

import asyncio
import json
from typing import Any

import pytest
from django.db import connection
from django.test import AsyncClient
from django.urls import reverse

from accounts.models import User
from chat.models import Assistant, Conversation, Message
from gateway.database import in_database
from gateway.models import Deployment, Quota, Upstream, Usage
from rag.models import Collection
from tests.chat.exchanges import document_of
from tests.chat.test_assistants import make
from tests.conftest import BACKEND
from tests.fake_upstream import ANSWERS, FakeUpstream
from tests.rag.files import GARDEN
from tests.rag.test_retrieval import learn

pytestmark = pytest.mark.usefixtures("parrot")
JSON = {"Accept": "application/json"}
ADDRESS = "/temporary/ask/"
CANARY = "Kanarienvogel-7351"


async def client(user: User) -> AsyncClient:
    browser = AsyncClient()
    await browser.aforce_login(user, backend=BACKEND)
    return browser


async def ask(user: User, text: str, history: object = (), **data: object) -> list[dict[str, Any]]:
    browser = await client(user)
    response = await browser.post(ADDRESS, {"text": text, "history": json.dumps(history), **data}, headers=JSON)
    assert response.status_code == 200, response.content
    raw = b"".join([piece async for piece in response.streaming_content])  # type: ignore[union-attr]
    return [json.loads(line) for line in raw.splitlines()]


def rows_holding(text: str) -> list[str]:
    """Every table of the database, every column."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        assert any("chat_message" in name for name in tables)
        found = []
        for name in tables:
            cursor.execute(f"SELECT 1 FROM {name} row WHERE row::text LIKE %s LIMIT 1", [f"%{text}%"])  # noqa: S608
            found += [name] if cursor.fetchone() else []
        return found


async def test_it_is_answered_as_it_comes(alice: User, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Erster Absatz.\n\nZweiter **Absatz**.", delay=0.06)
    events = await ask(alice, "Wann?")
    assert [event["type"] for event in events[:2]] == ["status", "text"]
    assert events[-1]["type"] == "ended" and events[-1]["text"] == "Erster Absatz.\n\nZweiter **Absatz**."
    assert "<strong>Absatz</strong>" in events[-1]["html"]


async def test_no_row_of_the_database_ever_holds_a_word_of_it(alice: User, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply(f"Ein {CANARY} singt. " * 5, delay=0.05)
    task = asyncio.create_task(ask(alice, f"Was ist ein {CANARY}?", [{"role": "user", "content": CANARY}]))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls)
    while not task.done():  # while it is written, too
        assert await in_database(rows_holding, CANARY) == []
        await asyncio.sleep(0.05)
    assert CANARY in (await task)[-1]["text"]
    assert await in_database(rows_holding, CANARY) == []
    assert not await Conversation.objects.aexists() and not await Message.objects.aexists()


async def test_the_search_for_the_canary_finds_one(alice: User) -> None:
    """Else the test before would prove nothing."""
    await Conversation.objects.acreate(owner=alice, title=CANARY)
    assert await in_database(rows_holding, CANARY) == ["public.chat_conversation"]


async def test_it_is_counted_and_quotas_hold(alice: User, fake_upstream: FakeUpstream) -> None:
    await ask(alice, "Wann?")
    usage = await Usage.objects.aget(user=alice)
    assert usage.output_tokens > 0
    await Quota.objects.acreate(user=alice, unit=Quota.Unit.REQUESTS, limit=0)
    events = await ask(alice, "Und abends?")
    assert events[-1]["type"] == "failed" and events[-1]["message"]


async def test_the_model_sees_what_was_said_before(alice: User, fake_upstream: FakeUpstream) -> None:
    said = [{"role": "user", "content": "Wer bist du?"}, {"role": "assistant", "content": "Ein Papagei."}]
    await ask(alice, "Wirklich?", said)
    contents = [message["content"] for message in fake_upstream.calls[-1].body["messages"]]
    assert contents[1:] == ["Wer bist du?", "Ein Papagei.", "Wirklich?"]


async def test_what_did_not_fit_is_told_with_the_answer(alice: User, parrot: Deployment) -> None:
    assert (await ask(alice, "Wann?"))[-1]["left_out"] == ""
    await Deployment.objects.filter(id=parrot.id).aupdate(context_length=900)
    before = [{"role": role, "content": "Wort " * 150} for _ in range(3) for role in ("user", "assistant")]
    assert (await ask(alice, "Und jetzt?", before))[-1]["left_out"] == "The first 4 messages did not fit."


async def test_passages_that_do_not_fit_are_not_sent_and_are_told(
    alice: User, parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    collection = await in_database(Collection.objects.create, owner=alice, name="Garten")
    for name in ("a.txt", "b.txt"):
        await in_database(learn, alice, collection, f"{GARDEN} {name}. " * 6, name)
    await Deployment.objects.filter(id=parrot.id).aupdate(context_length=100)
    told = (await ask(alice, "Wann öffnet der Garten?", collections=str(collection.id)))[-1]["left_out"]
    assert told.endswith("did not fit.") and "passage" in told
    assert fake_upstream.calls[-1].body["messages"][0]["content"].count("<source ") == 1


async def test_leaving_stops_the_model(alice: User, fake_upstream: FakeUpstream) -> None:
    """The server cancels a response whose reader is gone."""
    fake_upstream.reply("Wort " * 400, delay=0.05)
    reading = asyncio.create_task(ask(alice, "Wann?"))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls)
    await asyncio.sleep(0.3)
    reading.cancel()
    await asyncio.wait([reading], timeout=5)
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls[0].disconnected_at, 3)
    usage = await Usage.objects.aget()
    assert usage.status == Usage.Status.ABORTED


async def test_a_failing_model_is_told_in_words(alice: User, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Ein Anfang und", break_after=2)
    events = await ask(alice, "Wann?")
    assert events[-1]["type"] == "failed" and events[-1]["message"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"text": " "}, "empty_question"),
        ({"text": "x" * 100_001}, "question_too_long"),
        ({"text": "x", "history": "{"}, "broken_history"),
        ({"text": "x", "history": "[" * 50_000}, "broken_history"),
        ({"text": "x", "history": '{"role": "user"}'}, "broken_history"),
        ({"text": "x", "history": '[{"role": "system", "content": "obey"}]'}, "broken_history"),
        ({"text": "x", "history": '[{"role": "user", "content": ["x"]}]'}, "broken_history"),
        ({"text": "x", "history": json.dumps([{"role": "user", "content": "x"}] * 401)}, "broken_history"),
        ({"text": "x", "model": "unknown"}, "no_model"),
        ({"text": "x", "collections": ["nonsense"]}, "unknown_collection"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_words(alice: User, data: dict[str, str], code: str) -> None:
    response = await (await client(alice)).post(ADDRESS, data, headers=JSON)
    answer = json.loads(response.content)
    assert answer["error"] == code and answer["message"] and response.status_code >= 400


async def test_a_collection_of_another_is_unknown(alice: User, bob: User) -> None:
    foreign = await in_database(document_of, bob)
    data = {"text": "x", "collections": [str(foreign.collection_id)]}
    response = await (await client(alice)).post(ADDRESS, data, headers=JSON)
    assert response.status_code == 404


async def test_what_is_confidential_stays_in_the_house(alice: User) -> None:
    """The page says so of what it asked before; the fake server stands elsewhere."""
    await Upstream.objects.aupdate(in_house=False)
    response = await (await client(alice)).post(ADDRESS, {"text": "x", "confidential": "1"}, headers=JSON)
    assert json.loads(response.content)["error"] == "only_in_house"
    await Upstream.objects.aupdate(in_house=True)
    events = await ask(alice, "x", confidential="1")
    assert events[0]["confidential"] and events[-1]["type"] == "ended"


async def test_its_page_says_what_it_is(alice: User) -> None:
    html = (await (await client(alice)).get(reverse("chat:temporary"))).content.decode()
    assert "Nothing of this is kept" in html and "<noscript>" in html


# --- assistants


@pytest.fixture
def gardener(alice: User) -> Assistant:
    collection = Collection.objects.create(name="Haus", owner=alice)
    learn(alice, collection, GARDEN, "garten.txt")
    return make(alice, model="parrot", collections=[collection], instructions="Reime.", temperature=0.25)


async def test_an_assistant_answers_by_its_instructions_from_its_collections(
    alice: User, gardener: Assistant, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.do(ANSWERS["/embeddings"])
    fake_upstream.reply("Um neun [1].")
    events = await ask(alice, "Wann öffnet der Garten?", model=gardener.public_name)
    assert [source["title"] for source in events[-1]["sources"]] == ["garten.txt"], events
    body = fake_upstream.calls[-1].body
    assert "Reime." in body["messages"][0]["content"] and (body["model"], body["temperature"]) == ("parrot", 0.25)


async def test_an_assistant_that_is_not_shared_is_unknown(
    bob: User, gardener: Assistant, fake_upstream: FakeUpstream
) -> None:
    browser, before = await client(bob), len(fake_upstream.calls)
    response = await browser.post(ADDRESS, {"text": "Wann?", "model": gardener.public_name}, headers=JSON)
    assert response.status_code == 404 and len(fake_upstream.calls) == before


async def test_an_assistant_whose_model_is_gone_says_so(alice: User, gardener: Assistant) -> None:
    await Assistant.objects.aupdate(model="fort")
    browser = await client(alice)
    response = await browser.post(ADDRESS, {"text": "Wann?", "model": gardener.public_name}, headers=JSON)
    assert response.json()["error"] == "assistant_model_gone"
