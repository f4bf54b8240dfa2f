"""With a stopwatch: what a person loses, they lose within five seconds, wherever they are just then."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from allauth.usersessions.models import UserSession
from django.core.files.base import ContentFile
from django.test import Client

from accounts import sessions
from accounts.models import User
from chat.generation import Writer
from chat.models import Conversation, Message
from gateway import completions, fresh
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import NotAllowed
from gateway.models import ApiKey, Deployment, Purpose, Usage
from rag import ingestion
from rag.models import Collection, Document
from tests.chat.conftest import ask, conversation  # noqa: F401  (fixtures)
from tests.chat.test_socket import socket
from tests.conftest import client_of
from tests.fake_upstream import ANSWERS, Connection, FakeUpstream
from tests.gateway.conftest import aviary, base_url, caller, parrot, secret  # noqa: F401  (fixtures)

PROMISED = 5.0  # seconds
LONG = " ".join(["wort"] * 400)  # at ten words a second it would take forty

pytestmark = pytest.mark.usefixtures("parrot")
Loss = Callable[[User], None]


@pytest.fixture(autouse=True)
def _as_in_a_server(monkeypatch: pytest.MonkeyPatch, _every_change_is_seen_at_once: None) -> None:
    monkeypatch.setattr(fresh, "SECONDS", 2.0)


def deactivated(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def signed_out(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        sessions.end(session)


def signed_out_everywhere(user: User) -> None:
    sessions.end_others(user)


def another_password(user: User) -> None:
    user.set_password("acht kluge Dohlen sitzen")
    user.save()


def key_revoked(user: User) -> None:
    for key in ApiKey.objects.filter(user=user):
        key.revoke()


OF_A_SESSION = [deactivated, signed_out, signed_out_everywhere, another_password]
OF_A_KEY = [deactivated, key_revoked]


@asynccontextmanager
async def stopwatch(user: User, loss: Loss) -> AsyncIterator[None]:
    await in_database(loss, user)
    began = time.monotonic()
    async with asyncio.timeout(PROMISED + 3):
        yield
    assert time.monotonic() - began < PROMISED


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    while not await condition():  # noqa: ASYNC110  (what it waits for is in the database)
        await asyncio.sleep(0.1)


async def relayed(server: FakeUpstream) -> None:
    await asyncio.to_thread(server.wait_for, lambda server: server.calls and server.calls[-1].tokens_sent > 3)


@pytest.mark.parametrize("loss", OF_A_SESSION)
async def test_pages(alice: User, loss: Loss) -> None:
    def opened() -> Client:
        client = client_of(alice)
        assert client.get("/accounts/preferences/").status_code == 200
        return client

    client = await in_database(opened)
    async with stopwatch(alice, loss):
        assert (await in_database(client.get, "/accounts/preferences/")).status_code == 302


async def test_the_panel(alice: User) -> None:
    def opened() -> Client:
        User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
        client = client_of(User.objects.get(pk=alice.pk))
        assert client.get("/admin/").status_code == 200
        return client

    client = await in_database(opened)

    def demoted(user: User) -> None:
        User.objects.filter(pk=user.pk).update(is_staff=False, is_superuser=False)

    async with stopwatch(alice, demoted):
        assert (await in_database(client.get, "/admin/")).status_code == 302


@pytest.mark.parametrize("loss", OF_A_SESSION)
async def test_a_socket_that_tells_of_a_running_answer(
    alice: User,
    conversation: Conversation,  # noqa: F811
    ask: Callable[..., Message],  # noqa: F811
    fake_upstream: FakeUpstream,
    loss: Loss,
) -> None:
    fake_upstream.reply(LONG, delay=0.1)
    tab = await socket(conversation.id, alice)
    cookie = dict(tab.scope["headers"])[b"cookie"].decode()
    await in_database(lambda: Client(headers={"cookie": cookie}).get("/accounts/preferences/"))  # it is listed now
    assert (await tab.connect())[0]
    await tab.attach()
    writing = asyncio.create_task(Writer(await in_database(ask), "en").run())
    await relayed(fake_upstream)
    async with stopwatch(alice, loss):
        while (await tab.receive()).get("code") != 4404:
            pass
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)


async def test_an_answer_being_written(
    alice: User,
    ask: Callable[..., Message],  # noqa: F811
    fake_upstream: FakeUpstream,
) -> None:
    fake_upstream.reply(LONG, delay=0.1)
    answer = await in_database(ask)
    writing = asyncio.create_task(Writer(answer, "en").run())
    await relayed(fake_upstream)
    async with stopwatch(alice, deactivated):
        await writing
    await answer.arefresh_from_db()
    assert answer.status == Message.Status.FAILED and answer.text.startswith("wort")
    assert fake_upstream.calls[-1].disconnected_at


@pytest.mark.parametrize("loss", OF_A_KEY)
async def test_a_stream_by_a_key(
    base_url: str,  # noqa: F811
    secret: str,  # noqa: F811
    alice: User,
    fake_upstream: FakeUpstream,
    loss: Loss,
) -> None:
    fake_upstream.reply(LONG, delay=0.1)
    body = {"model": "parrot", "stream": True, "messages": [{"role": "user", "content": "Piep?"}]}
    headers = {"authorization": f"Bearer {secret}"}
    async with (
        httpx2.AsyncClient() as client,
        client.stream("POST", f"{base_url}/chat/completions", json=body, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        await relayed(fake_upstream)
        async with stopwatch(alice, loss):
            lines = [line async for line in answer.aiter_lines()]
    assert "error" in "".join(lines) and "[DONE]" not in lines[-2:]
    assert await Usage.objects.filter(status=Usage.Status.FAILED, output_tokens__gt=0).aexists()


@pytest.mark.parametrize("loss", OF_A_KEY)
async def test_the_next_call_by_a_key(base_url: str, secret: str, alice: User, loss: Loss) -> None:  # noqa: F811
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {secret}"}) as client:

        async def refused() -> bool:
            return (await client.get(f"{base_url}/models")).status_code == 401

        assert not await refused()
        async with stopwatch(alice, loss):
            await until(refused)


@pytest.mark.parametrize("loss", OF_A_KEY)
async def test_the_next_question_of_an_assistant_elsewhere(
    base_url: str,  # noqa: F811
    secret: str,  # noqa: F811
    alice: User,
    loss: Loss,
) -> None:
    headers = {"authorization": f"Bearer {secret}", "accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(headers=headers) as client:

        async def refused() -> bool:
            ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
            return (await client.post(base_url.removesuffix("/v1") + "/mcp", json=ping)).status_code == 401

        assert not await refused()
        async with stopwatch(alice, loss):
            await until(refused)


async def test_a_place_in_line(alice: User, bob: User, fake_upstream: FakeUpstream) -> None:
    await Deployment.objects.aupdate(slots=1)
    fake_upstream.reply(LONG, delay=0.1)
    question: dict[str, Any] = {"messages": [{"role": "user", "content": "Piep?"}]}
    before = asyncio.create_task(completions.complete(Caller(bob), question, purpose=Purpose.API))
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: server.calls)
    waiting = asyncio.create_task(completions.complete(Caller(alice), question, purpose=Purpose.API))
    await asyncio.sleep(0.5)
    async with stopwatch(alice, deactivated):
        with pytest.raises(NotAllowed):
            await waiting
    before.cancel()
    await asyncio.gather(before, return_exceptions=True)


async def test_a_document_being_indexed(
    alice: User, fake_upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upload() -> Document:
        Deployment.objects.filter(kind="embedding").update(is_default=True)
        collection = Collection.objects.create(owner=alice, name="Handbuch")
        document = Document(collection=collection, uploaded_by=alice, name="x.txt", media_type="text/plain", size=1)
        text = "\n\n".join(f"Absatz {number}. " + "Die Voliere öffnet um neun. " * 30 for number in range(60))
        document.file.save("x.txt", ContentFile(text.encode()), save=False)
        document.save()
        return document

    async def slowly(connection: Connection) -> None:
        await asyncio.sleep(0.1)
        await ANSWERS["/embeddings"](connection)

    monkeypatch.setattr(ingestion, "BATCH", 1)
    for _ in range(200):
        fake_upstream.do(slowly)
    document = await in_database(upload)
    fresh.forget()
    reading = asyncio.create_task(ingestion.ingest(document.pk))
    before = len(fake_upstream.calls)
    await asyncio.to_thread(fake_upstream.wait_for, lambda server: len(server.calls) > before + 2, 60)
    async with stopwatch(alice, deactivated):
        await reading
    await document.arefresh_from_db()
    assert document.status != Document.Status.READY
