"""Whatever a caller does: it is told what is wrong, the books agree, and the model server hears only what it should."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from accounts.models import Team, User
from gateway.api import asgi
from gateway.api.http import Answer
from gateway.models import Call, Deployment, Occupancy, Quota, Upstream, Usage
from tests.fake_upstream import FakeUpstream
from tests.gateway.faults import QUESTION, ask, books_agree, outcome_of

LONG = " ".join(["piep"] * 200)
HOSTILE: dict[str, Any] = {
    "api_base": "http://evil",
    "base_url": "http://evil",
    "model_list": [{}],
    "extra_headers": {"x": "evil"},
}


@pytest.fixture
def http(base_url: str, secret: str, alice: User) -> httpx2.Client:
    Quota.objects.create(user=alice, limit=1_000_000)
    return httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {secret}"}, timeout=20)


@pytest.fixture
def question(base_url: str, secret: str) -> bytes:
    return posted(base_url, secret, json.dumps(QUESTION | {"stream": True}).encode())


def posted(base_url: str, secret: str, body: bytes, length: int | None = None) -> bytes:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {urlsplit(base_url).netloc}\r\nauthorization: Bearer {secret}\r\n"
    )
    return head.encode() + b"content-length: %d\r\n\r\n" % (length or len(body)) + body


def connected(base_url: str) -> socket.socket:
    address = urlsplit(base_url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=10)


def test_a_model_of_others_is_as_unknown_as_none(http: httpx2.Client, alice: User, parrot: Deployment) -> None:
    parrot.teams.add(Team.objects.create(name="Others"))
    theirs, none = ask(http), ask(http, model="nobody")
    assert theirs.error == none.error
    assert (theirs.status, theirs.code) == (404, "model_not_found")
    books_agree(alice, rows=0)


def test_hostile_fields_never_reach_the_server(http: httpx2.Client, alice: User, fake_upstream: FakeUpstream) -> None:
    message = QUESTION["messages"][0] | HOSTILE
    assert ask(http, **HOSTILE, messages=[message], user="bob", user_id="bob").status == 200
    [request] = fake_upstream.calls
    assert "evil" not in json.dumps([request.body, request.headers]) and "bob" not in json.dumps(request.body)
    books_agree(alice)


def test_deep_json_is_sent_on_or_refused_and_never_the_servers_fault(http: httpx2.Client, alice: User) -> None:
    for depth in (190, 300, *range(880, 1000, 5)):
        deep = '{"a":' * depth + "1" + "}" * depth
        for field in (f'"response_format": {deep}', f'"tools": [{deep}]'):
            raw = json.dumps(QUESTION)[:-1] + f", {field}}}"
            assert outcome_of(http.post("/chat/completions", content=raw)).status == (200 if depth < 200 else 400)
    assert not Upstream.objects.exclude(failures=0).exists()
    books_agree(alice, rows=2)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\x7f\u2028\ufeff", "😀" * 50])
def test_odd_letters_arrive_as_they_were(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, text: str
) -> None:
    assert ask(http, messages=[{"role": "user", "content": text}]).status == 200
    assert fake_upstream.calls[0].body["messages"][0]["content"] == text
    assert ask(http, model=text).status == 404
    books_agree(alice)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_json_is_json_whatever_it_is_called(http: httpx2.Client, alice: User, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = http.post("/chat/completions", content=json.dumps(QUESTION).encode(), headers=headers)
    assert outcome_of(answer).status == 200
    books_agree(alice)


def test_a_body_without_end_is_refused_before_its_end(base_url: str, secret: str, http: httpx2.Client) -> None:
    with connected(base_url) as caller:
        head = posted(base_url, secret, b"").replace(b"content-length: 0", b"transfer-encoding: chunked")
        caller.sendall(head)
        for _ in range(17):
            caller.sendall(b"100000\r\n" + b" " * 2**20 + b"\r\n")
        assert b" 413 " in caller.recv(4000)
        assert ask(http).status == 200


def test_a_body_that_comes_too_slowly_is_408_and_the_end(
    base_url: str, secret: str, alice: User, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "BODY_WITHIN", 0.5)
    with connected(base_url) as caller:
        caller.sendall(posted(base_url, secret, b"{", length=900))
        answer = caller.recv(4000)
        assert b" 408 " in answer and b"request_timeout" in answer
        assert caller.recv(10) == b""
    assert ask(http).status == 200
    books_agree(alice)


def test_leaving_while_the_body_is_sent_is_no_call(
    base_url: str, secret: str, alice: User, http: httpx2.Client, fake_upstream: FakeUpstream
) -> None:
    with connected(base_url) as caller:
        caller.sendall(posted(base_url, secret, b'{"model": "par', length=900))
        time.sleep(0.2)
    assert ask(http).status == 200
    books_agree(alice)
    assert len(fake_upstream.calls) == 1


def test_leaving_the_line_frees_the_place(
    base_url: str, question: bytes, alice: User, http: httpx2.Client, fake_upstream: FakeUpstream
) -> None:
    Deployment.objects.filter(name="parrot").update(slots=1)
    fake_upstream.reply(LONG, delay=0.02)
    with connected(base_url) as first:
        first.sendall(question)
        fake_upstream.wait_for(lambda _: Call.objects.exclude(admitted_at=None).exists())
        with connected(base_url) as second:
            second.sendall(question)
            fake_upstream.wait_for(lambda _: Call.objects.filter(admitted_at=None).exists())
        fake_upstream.wait_for(lambda _: not Call.objects.filter(admitted_at=None).exists(), 2)
    books_agree(alice, rows=2)
    assert (len(fake_upstream.calls), ask(http).status) == (1, 200)


@pytest.mark.parametrize("pieces", [0, 1, 5])
def test_hanging_up_stops_the_server_within_two_words(
    base_url: str, question: bytes, alice: User, http: httpx2.Client, fake_upstream: FakeUpstream, pieces: int
) -> None:
    fake_upstream.reply(LONG, delay=0.2) if pieces else fake_upstream.hang()
    with connected(base_url) as caller:
        caller.sendall(question)
        seen = b""
        while seen.count(b"data: ") < pieces + 1 and pieces:
            seen += caller.recv(4000)
        fake_upstream.wait_for(lambda server: server.calls)
        sent = fake_upstream.calls[0].tokens_sent
    left = time.monotonic()
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at, 3)
    assert (fake_upstream.calls[0].disconnected_at or 0) - left < 2
    assert fake_upstream.calls[0].tokens_sent - sent <= 2
    [usage] = books_agree(alice)
    assert (usage.status, usage.output_tokens) == ("aborted", pieces if pieces else 0)


def test_leaving_right_at_the_end_settles_once(
    base_url: str, question: bytes, alice: User, http: httpx2.Client, fake_upstream: FakeUpstream
) -> None:
    for word in ("stop", "[DONE]"):
        with connected(base_url) as caller:
            caller.sendall(question)
            seen = b""
            while word.encode() not in seen:
                seen += caller.recv(4000)
    books_agree(alice, rows=2)


def test_thirty_who_leave_at_once_leave_nothing_behind(
    base_url: str, question: bytes, alice: User, http: httpx2.Client, fake_upstream: FakeUpstream
) -> None:
    for _ in range(16):  # slots; the others wait in line
        fake_upstream.reply(LONG, delay=0.05)
    with contextlib.ExitStack() as callers:
        for _ in range(30):
            callers.enter_context(connected(base_url)).sendall(question)
        fake_upstream.wait_for(lambda server: len(server.calls) == 16 and Call.objects.count() == 30)
    books_agree(alice, rows=30)
    fake_upstream.wait_for(lambda server: all(call.ended_at for call in server.calls))
    assert ask(http).status == 200


def test_a_caller_who_stops_reading_holds_no_slot(
    base_url: str, fake_upstream: FakeUpstream, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "READ_WITHIN", 0.5)
    piece = b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % (b"piep " * 2000)
    fake_upstream.send(piece * 3000)
    address = urlsplit(base_url)
    body = json.dumps(QUESTION | {"stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {secret}\r\n"
    with socket.create_connection((address.hostname, address.port)) as caller:
        caller.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        fake_upstream.wait_for(lambda server: server.calls and not Call.objects.exists() and Usage.objects.exists(), 10)
    assert set(Occupancy.objects.values_list("running", flat=True)) == {0}
    assert Usage.objects.get().status == "aborted"


async def test_who_leaves_just_before_the_first_word_leaves_nothing_open() -> None:
    closed = []

    async def events() -> AsyncGenerator[bytes, None]:
        try:
            yield b"Piep"
        finally:
            closed.append(True)

    async def left(message: Any) -> None:
        sending.cancel()

    async def asked() -> dict[str, Any]:
        return {}

    answer = await Answer.stream(events())
    sending = asyncio.create_task(asgi._send(answer, {}, left, asgi._Watch(asked)))
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert closed
