"""The same request with the same Idempotency-Key is one call."""

import asyncio
import concurrent.futures
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from django.core.cache import cache

from accounts.models import User
from gateway import idempotency
from gateway.api.http import Answer, Request
from gateway.api.idempotency import once
from gateway.callers import Caller
from gateway.exceptions import KeyInUse
from gateway.models import ApiKey, Deployment, Usage
from tests.fake_upstream import FakeUpstream

QUESTION: dict[str, Any] = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}]}


@pytest.fixture
def http(base_url: str, secret: str) -> httpx2.Client:
    return httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "k1"})


def ask(http: httpx2.Client, **more: Any) -> httpx2.Response:
    return http.post("/chat/completions", json=QUESTION | more)


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_request_is_answered_alike_and_charged_once(
    http: httpx2.Client, fake_upstream: FakeUpstream, stream: bool
) -> None:
    first, second = ask(http, stream=stream), ask(http, stream=stream)
    assert (first.content, first.headers["content-type"]) == (second.content, second.headers["content-type"])
    assert "x-voliere-repeated" in second.headers and "x-voliere-repeated" not in first.headers
    assert (len(fake_upstream.calls), Usage.objects.count()) == (1, 1)


def test_another_request_with_the_key_is_a_conflict(http: httpx2.Client) -> None:
    ask(http)
    refused = ask(http, max_tokens=5)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "idempotency_conflict")


def test_a_failure_is_not_kept(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    fake_upstream.fail(500)
    assert [ask(http).status_code, ask(http).status_code] == [502, 200]


def test_a_stream_that_broke_off_is_asked_anew(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("eins zwei drei", break_after=2)
    broken, whole = ask(http, stream=True), ask(http, stream=True)
    assert '"error"' in broken.text and "[DONE]" not in broken.text
    assert "[DONE]" in whole.text and len(fake_upstream.calls) == 2


@pytest.mark.parametrize("is_relayed", [False, True], ids=["translated", "relayed"])
def test_a_response_that_failed_on_its_way_is_asked_anew(
    http: httpx2.Client, parrot: Deployment, fake_upstream: FakeUpstream, is_relayed: bool
) -> None:
    Deployment.objects.filter(pk=parrot.pk).update(has_responses=is_relayed)
    began = {"type": "response.output_text.delta", "delta": "eins"}
    for _ in range(2):
        if is_relayed:
            fake_upstream.send(f"data: {json.dumps(began)}\n\n".encode())
        else:
            fake_upstream.reply("eins zwei drei", break_after=2)
    asked = {"model": "parrot", "input": "Piep?", "stream": True}
    answers = [http.post("/responses", json=asked) for _ in range(2)]
    assert [answer.text.count("event: error") for answer in answers] == [1, 1]
    assert not any("x-voliere-repeated" in answer.headers for answer in answers)
    assert len(fake_upstream.calls) == 2


async def test_a_key_is_taken_for_as_long_as_its_process_lives(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "UNDER_WAY", 1)
    monkeypatch.setattr(idempotency, "RENEWAL", 0.1)
    claim = await idempotency.claim(caller, "/chat/completions", "k1", b"{}")
    await asyncio.sleep(1.5)
    with pytest.raises(KeyInUse):
        await idempotency.claim(caller, "/chat/completions", "k1", b"{}")
    assert claim.renewal
    claim.renewal.cancel()  # as a killed process does
    await asyncio.sleep(1.1)
    await (await idempotency.claim(caller, "/chat/completions", "k1", b"{}")).keep("Piep")
    assert (await idempotency.claim(caller, "/chat/completions", "k1", b"{}")).known == "Piep"


async def test_a_key_is_taken_for_as_long_as_its_call_lasts(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line, servers that fail one after the other, an answer of many hours: all may last longer than one thinks."""
    now = time.monotonic
    monkeypatch.setattr(idempotency, "UNDER_WAY", 1)
    monkeypatch.setattr(idempotency, "RENEWAL", 0.1)
    claim = await idempotency.claim(caller, "/chat/completions", "k1", b"{}")
    await asyncio.sleep(0.2)
    monkeypatch.setattr(time, "monotonic", lambda: now() + 24 * 3600)
    await asyncio.sleep(1.5)
    with pytest.raises(KeyInUse):
        await idempotency.claim(caller, "/chat/completions", "k1", b"{}")
    await claim.forget()


async def test_a_key_is_given_back_though_the_work_is_cancelled_twice(caller: Caller) -> None:
    """By the clock over who takes too long to read, and by their hanging up."""

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"Piep"
            yield b"Piep"
        finally:
            await asyncio.sleep(0.5)  # it is settled

    async def endpoint(_: Request) -> Answer:
        return await Answer.stream(piece async for piece in pieces())

    async def send(answer: Answer) -> None:
        assert answer.events
        async with contextlib.aclosing(answer.events):
            async for _ in answer.events:
                await asyncio.sleep(60)

    request = Request("POST", "/chat/completions", {}, b"{}", caller)
    work = asyncio.create_task(send(await once(request, endpoint, "k1")))
    for _ in range(2):
        await asyncio.sleep(0.2)
        work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    again = await once(request, endpoint, "k1")
    assert again.events
    await again.events.aclose()


def test_half_a_character_is_kept_as_it_came(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    half = b'data: {"choices":[{"index":0,"delta":{"content":"\xed\xa0\xbd"},"finish_reason":"stop"}]}\n\n'
    fake_upstream.send(half + b"data: [DONE]\n\n")
    answers = [ask(http, stream=True) for _ in range(2)]
    assert "x-voliere-repeated" in answers[1].headers
    assert answers[0].content == answers[1].content and b"\xed\xa0\xbd" in answers[0].content


async def test_a_stream_that_was_left_before_it_was_sent_is_asked_anew(caller: Caller) -> None:
    async def endpoint(_: Request) -> Answer:
        return await Answer.stream(piece async for piece in pieces())

    async def pieces() -> AsyncIterator[bytes]:
        yield b"Piep"

    request = Request("POST", "/chat/completions", {}, b"{}", caller)
    for _ in range(2):
        answer = await once(request, endpoint, "k1")
        assert answer.events and answer.first == b"Piep"
        await answer.events.aclose()


def test_two_at_once_are_one_call(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("eins zwei", delay=0.3)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(http), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(fake_upstream.calls) == 1


def test_anothers_key_of_the_same_name_is_another(http: httpx2.Client, base_url: str, bob: User) -> None:
    ask(http)
    bobs = ApiKey.create(bob, "script")[1]
    theirs = httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {bobs}", "Idempotency-Key": "k1"})
    assert "x-voliere-repeated" not in ask(theirs).headers


def test_what_is_kept_cannot_be_read(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Ein Geheimnis")
    ask(http)
    redis: Any = cache._cache.get_client(None)  # type: ignore[attr-defined]
    kept = [redis.get(name) for name in redis.keys("*idempotency*")]
    assert kept and not any(b"Geheimnis" in value for value in kept)
