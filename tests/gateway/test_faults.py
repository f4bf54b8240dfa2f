"""Whatever a model server does: its caller is told in OpenAI's words, the books agree, and nobody else notices."""

import asyncio
import concurrent.futures
import gzip
import json
import time
from collections.abc import Iterator

import httpx2
import pytest

from accounts.models import User
from gateway import server_events, upstreams
from gateway.models import ApiKey, Quota, Upstream
from tests.fake_upstream import DEFAULT_TEXT, Connection, FakeUpstream, Script
from tests.gateway.faults import ask, books_agree

LONG = " ".join(["piep"] * 200)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


def delta(text: str, **more: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]} | more).encode() + b"\n\n"


HALLO = delta("Hallo")
STOP = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


@pytest.fixture
def http(base_url: str, secret: str, alice: User) -> httpx2.Client:
    Quota.objects.create(user=alice, limit=1_000_000_000)
    return httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {secret}"}, timeout=20)


@pytest.fixture(autouse=True)
def _another_caller_does_not_notice(http: httpx2.Client, bob: User) -> Iterator[None]:
    with FakeUpstream(models=[{"id": "wren"}]) as server, concurrent.futures.ThreadPoolExecutor(1) as pool:
        upstreams.discover(Upstream.objects.create(name="cote", base_url=server.url))
        theirs = httpx2.Client(
            base_url=http.base_url, headers={"Authorization": f"Bearer {ApiKey.create(bob, 'b')[1]}"}, timeout=20
        )
        server.reply(DEFAULT_TEXT, delay=0.02)
        asked = pool.submit(ask, theirs, model="wren")
        yield
        assert asked.result().said == DEFAULT_TEXT


def raw(answer: bytes, *, reset: bool = False, pause: float = 0) -> Script:
    """A server that writes these bytes, head included, all at once or one by one."""

    async def script(connection: Connection) -> None:
        for piece in [answer] if not pause else [answer[i : i + 1] for i in range(len(answer))]:
            connection.writer.write(piece)
            await connection.writer.drain()
            await asyncio.sleep(pause)
        if reset:
            await asyncio.sleep(0.1)
            connection.writer.transport.abort()
            raise ConnectionAbortedError

    return script


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://127.0.0.1:9/v1", "upstream_unreachable"),
        ("http://nowhere.invalid/v1", "upstream_unreachable"),
        ("https://127.0.0.1:{port}/v1", "upstream_unreachable"),
        ("http://127.0.0.1:{port}/nowhere/v1", None),
    ],
    ids=["refused", "no such name", "no TLS there", "well"],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_server_that_cannot_be_reached_is_502(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, address: str, code: str | None, stream: bool
) -> None:
    port = fake_upstream.url.rsplit(":")[-1].removesuffix("/v1")
    Upstream.objects.filter(name="aviary").update(base_url=address.format(port=port), connect_timeout=1)
    found = ask(http, stream)
    assert (found.status, found.code) == ((502, code) if code else (200, None))
    [usage] = books_agree(alice)
    assert usage.status == ("failed" if code else "done")


NOT_AN_ANSWER = {
    "no words": (b"", 502),
    "no JSON": (b"data: {nonsense}\n\n", 502),
    "deep JSON": (b"data: " + b"[" * 100_000 + b"\n\n", 502),
    "an error at first": (b'data: {"error": {"message": "at 127.0.0.1: scripted"}}\n\n', 502),
    "an error later": (HALLO + b'data: {"error": "upstream-secret"}\n\n', 200),
    "no end": (HALLO, 200),
    "half a line": (HALLO + STOP[:30], 200),
    "not UTF-8": (HALLO + b"data: \xff\xfe\n\n", 200),
    "gzip": (gzip.compress(HALLO + STOP + DONE), 502),
    "done at once": (DONE, 502),
}


@pytest.mark.parametrize("name", NOT_AN_ANSWER)
def test_a_stream_that_is_no_answer_is_told_as_an_error(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, name: str
) -> None:
    answer, status = NOT_AN_ANSWER[name]
    fake_upstream.send(answer, content_encoding=name if name == "gzip" else "identity")
    found = ask(http)
    assert (found.status, found.error and found.error["type"]) == (status, "server_error")
    [usage] = books_agree(alice)
    assert (usage.status, usage.output_tokens) == ("failed", int(status == 200))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        HEAD + b"content-length: 9000\r\n\r\n" + HALLO,
        HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n" + HALLO,
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\ndata: and more than five",
        HEAD + b"x: " + b"y" * 100_000 + b"\r\n\r\n" + HALLO,
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<p>127.0.0.1</p>",
        b"HTTP/1.1 204 None\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_what_is_no_http_is_a_broken_answer(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, answer: bytes, stream: bool
) -> None:
    fake_upstream.do(raw(answer, reset=stream))
    found = ask(http, stream)
    assert found.error and found.error["type"] == "server_error"
    assert books_agree(alice)[0].status == "failed"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, (400, "upstream_refused")),
        (401, (502, "upstream_key_refused")),
        (404, (502, "upstream_error")),
        (429, (503, "overloaded")),
        (500, (502, "upstream_error")),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_a_refusal_is_told_in_our_words_and_free(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, status: int, expected: object, stream: bool
) -> None:
    fake_upstream.fail(status, "scripted at 127.0.0.1 with upstream-secret", param="scripted")
    found = ask(http, stream)
    assert (found.status, found.code) == expected
    assert Quota.objects.get(user=alice).used == 0
    assert books_agree(alice)[0].status == "failed"


def test_a_refusal_that_comes_in_pieces_is_understood(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream
) -> None:
    body = b'{"error": {"code": "context_length_exceeded"}}'
    head = b"HTTP/1.1 400 No\r\ncontent-length: %d\r\n\r\n" % len(body)
    fake_upstream.do(raw(head + body, pause=0.002))
    assert ask(http).code == "context_length_exceeded"


@pytest.mark.parametrize("stream", [True, False])
def test_silence_is_a_timeout(http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, stream: bool) -> None:
    Upstream.objects.filter(name="aviary").update(first_token_timeout=1, total_timeout=2)
    fake_upstream.hang()
    found = ask(http, stream)
    assert (found.status, found.code) == (504, "upstream_timeout")
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at, 2)
    books_agree(alice)


@pytest.mark.parametrize("script", ["stall", "drip", "comments"])
def test_too_long_between_events_is_a_timeout_in_the_stream(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, script: str
) -> None:
    Upstream.objects.filter(name="aviary").update(between_tokens_timeout=1)
    drip = {"drip": HALLO, "comments": b": keep\n\n"}.get(script, b"")

    async def dripping(connection: Connection) -> None:
        connection.writer.write(HEAD + b"\r\n" + HALLO)
        for number in range(200):
            connection.writer.write(drip[number % len(drip) :][:1] if drip else b"")
            await connection.wait(0.5 if script != "comments" else 0.05)

    fake_upstream.do(dripping)
    began = time.monotonic()
    found = ask(http)
    assert (found.status, found.code, found.said) == (200, "upstream_timeout", "Hallo")
    assert time.monotonic() - began < 4
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at, 2)
    assert books_agree(alice)[0].output_tokens == 1


def test_a_line_of_50_mb_is_not_read_to_its_end(http: httpx2.Client, alice: User, fake_upstream: FakeUpstream) -> None:
    sent = 0

    async def flood(connection: Connection) -> None:
        nonlocal sent
        connection.writer.write(HEAD + b"\r\ndata: ")
        for _ in range(800):
            connection.writer.write(b"x" * 2**16)
            await connection.writer.drain()
            sent += 2**16

    fake_upstream.do(flood)
    assert (ask(http).code, sent < 4 * server_events.LONGEST) == ("upstream_broken", True)
    books_agree(alice)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, (6, 1, True)),
        ({}, (6, 1, True)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, (0, 0, False)),
        ({"prompt_tokens": -1, "completion_tokens": -5}, (6, 1, True)),
        ({"prompt_tokens": 10**30, "completion_tokens": 1e9}, (6, 1, True)),
        ({"prompt_tokens": "7", "completion_tokens": None}, (6, 1, True)),
        ("seven", (6, 1, True)),
        ({"prompt_tokens": 7, "completion_tokens": 5000}, (7, 5000, False)),
    ],
)
def test_whatever_usage_says_the_books_agree(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, told: object, expected: object
) -> None:
    first = b'data: {"choices": [], "usage": {"prompt_tokens": 900}}\n\n' if isinstance(told, dict) and told else b""
    last = b"data: " + json.dumps({"choices": [], "usage": told}).encode() + b"\n\n"
    fake_upstream.send(HALLO + STOP + first.replace(b"900", b"6") + last + DONE)
    assert ask(http).said == "Hallo"
    [usage] = books_agree(alice)
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == expected
    assert usage.status == "done"


@pytest.mark.parametrize("early", [{"prompt_tokens": 6, "completion_tokens": 0}, {"completion_tokens": 1}])
def test_what_comes_after_an_early_usage_is_counted_too(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, early: dict[str, int]
) -> None:
    told = HALLO.removesuffix(b"}\n\n") + b', "usage": ' + json.dumps(early).encode() + b"}\n\n"
    fake_upstream.send(told + delta(" du") + delta(" da") + STOP + DONE)
    assert ask(http).said == "Hallo du da"
    [usage] = books_agree(alice)
    assert (usage.input_tokens, usage.output_tokens) == (6, early["completion_tokens"] + 2)
    assert usage.estimated


@pytest.mark.parametrize("before", [b"", HALLO], ids=["at first", "then"])
def test_half_a_character_goes_on_as_it_came(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, before: bytes
) -> None:
    halves = [delta(half) for half in ("\ud83e", "\udd9c")]
    fake_upstream.send(before + b"".join(halves) + STOP + DONE)
    assert ask(http).said.endswith("\ud83e\udd9c")
    books_agree(alice)


LINES = (HALLO + STOP + DONE).decode()


@pytest.mark.parametrize(
    "answer",
    [
        LINES.replace("\n", "\r\n"),
        LINES.replace("data: ", "data:"),
        ": hello\n\n\n\n" + LINES.replace("\n\n", "\n\n: keep-alive\n\n\r\n"),
        LINES.replace("data: ", "event: message\nid: 7\ndata: "),
        LINES.replace("data: ", "retry: 5\n\ndata: "),
        LINES.replace('"delta"', '\ndata: "delta"'),
        LINES.removesuffix("data: [DONE]\n\n"),
        LINES.removesuffix("\n\n"),
        LINES + "data: {nonsense after the end",
        "\ufeff" + LINES,
    ],
)
def test_however_events_are_written_they_are_understood(
    http: httpx2.Client, alice: User, fake_upstream: FakeUpstream, answer: str
) -> None:
    fake_upstream.do(raw(HEAD + b"\r\n" + answer.encode(), pause=0.001))
    found = ask(http)
    assert (found.status, found.error, found.said) == (200, None, "Hallo")
    assert books_agree(alice)[0].status == "done"
