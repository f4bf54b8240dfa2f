"""Our /v1 as an integrator's OpenAI client and a plain HTTP client see it."""

import json
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import openai
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.rest.problems import kinds
from gateway import origins
from gateway.exceptions import GatewayError, HookFailed, KeyEnded, MeterUnreadable, OutsideError
from gateway.models import ApiKey, Call, Deployment, Quota, Usage
from tests.fake_upstream import DEFAULT_TEXT, DIMENSIONS, FakeUpstream, vector_of

MESSAGES: Any = [{"role": "user", "content": "When does the aviary open?"}]
LONG = " ".join(["tweet"] * 300)


@pytest.fixture
def sdk(base_url: str, secret: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key=secret, max_retries=0)


@pytest.fixture
def http(base_url: str, secret: str) -> httpx2.Client:
    return httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {secret}"})


def test_the_sdk_gets_an_answer(sdk: openai.OpenAI) -> None:
    answer = sdk.chat.completions.create(model="parrot", messages=MESSAGES)
    assert answer.choices[0].message.content == DEFAULT_TEXT
    assert answer.usage and answer.usage.total_tokens == 12


def test_the_sdk_streams_without_usage_it_did_not_ask_for(sdk: openai.OpenAI) -> None:
    pieces = list(sdk.chat.completions.create(model="parrot", messages=MESSAGES, stream=True))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == DEFAULT_TEXT
    assert pieces[-1].choices[0].finish_reason == "stop"
    assert Usage.objects.get().status == "done"


def test_the_sdk_gets_the_usage_it_asks_for(sdk: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    *_, last = sdk.chat.completions.create(model="parrot", messages=MESSAGES, stream=True, stream_options=options)
    assert last.choices == [] and last.usage and last.usage.completion_tokens == 5


async def test_the_async_sdk_streams(base_url: str, secret: str) -> None:
    sdk = openai.AsyncOpenAI(base_url=base_url, api_key=secret)
    stream = await sdk.chat.completions.create(model="parrot", messages=MESSAGES, stream=True)
    assert "".join([piece.choices[0].delta.content or "" async for piece in stream]) == DEFAULT_TEXT
    await sdk.close()


def test_the_sdk_lists_models(sdk: openai.OpenAI) -> None:
    assert [model.id for model in sdk.models.list()] == ["parrot", "bge-finch"]
    assert sdk.models.retrieve("parrot").owned_by == "aviary"


def test_a_model_named_like_a_path_is_found(sdk: openai.OpenAI, http: httpx2.Client) -> None:
    Deployment.objects.filter(name="parrot").update(name="birds/grey-parrot:7b")
    assert http.get("/models/birds/grey-parrot:7b").json()["id"] == "birds/grey-parrot:7b"
    assert sdk.models.retrieve("birds/grey-parrot:7b").id == "birds/grey-parrot:7b"


def test_the_sdk_embeds(sdk: openai.OpenAI) -> None:
    answer = sdk.embeddings.create(model="bge-finch", input=["eins", "zwei"])  # asks for base64 by itself
    assert [item.embedding for item in answer.data] == [pytest.approx(vector_of(t), abs=1e-6) for t in ("eins", "zwei")]
    assert answer.usage.prompt_tokens == Usage.objects.get().input_tokens == 6


def test_floats_are_given_to_those_who_ask_for_them(http: httpx2.Client) -> None:
    answer = http.post("/embeddings", json={"model": "bge-finch", "input": "eins"}).json()
    assert len(answer["data"][0]["embedding"]) == DIMENSIONS
    assert answer["model"] == "bge-finch"


def test_base64_from_the_upstream_is_understood(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    content = {"data": [{"index": 0, "embedding": "AACAPwAAAEA="}], "usage": {"prompt_tokens": 1}}
    fake_upstream.send(json.dumps(content).encode(), content_type="application/json")
    answer = sdk.embeddings.create(model="bge-finch", input="x", encoding_format="float")
    assert answer.data[0].embedding == [1.0, 2.0]


@pytest.mark.parametrize(
    ("embedding", "count"),
    [([], 1), (["a"], 1), ([1e39], 1), ("%%", 1), ("AAA=", 1), (None, 1), ([1.0], 2), ([1.0], 0)],
)
def test_vectors_that_are_none_are_refused(
    sdk: openai.OpenAI, fake_upstream: FakeUpstream, embedding: object, count: int
) -> None:
    content = {"data": [{"index": 0, "embedding": embedding}] * count}
    fake_upstream.send(json.dumps(content).encode(), content_type="application/json")
    with pytest.raises(openai.InternalServerError):
        sdk.embeddings.create(model="bge-finch", input="x")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.InternalServerError),
        (404, openai.InternalServerError),
        (429, openai.InternalServerError),
        (500, openai.InternalServerError),
    ],
)
def test_failures_upstream_have_their_class(
    sdk: openai.OpenAI, fake_upstream: FakeUpstream, status: int, error: type[Exception]
) -> None:
    fake_upstream.fail(status)
    with pytest.raises(error):
        sdk.chat.completions.create(model="parrot", messages=MESSAGES)


def test_an_unknown_model_is_404(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        sdk.chat.completions.create(model="nobody", messages=MESSAGES)
    assert refused.value.code == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        sdk.models.retrieve("nobody")


@pytest.mark.parametrize("stream", [True, False])
def test_a_used_up_quota_is_429_and_not_worth_a_retry(http: httpx2.Client, stream: bool) -> None:
    Quota.objects.create(limit=1)
    answer = http.post("/chat/completions", json={"model": "parrot", "messages": MESSAGES, "stream": stream})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"
    assert int(answer.headers["retry-after"]) > 0


def test_an_error_in_the_middle_reaches_the_sdk(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply(LONG, break_after=3)
    with pytest.raises(openai.APIError, match="broke off"):
        list(sdk.chat.completions.create(model="parrot", messages=MESSAGES, stream=True))
    assert (Usage.objects.get().status, Usage.objects.get().output_tokens) == ("failed", 3)


@pytest.mark.parametrize("words", [1, 10])
def test_hanging_up_stops_the_upstream_and_settles(sdk: openai.OpenAI, fake_upstream: FakeUpstream, words: int) -> None:
    fake_upstream.reply(LONG, delay=0.02)
    with sdk.chat.completions.create(model="parrot", messages=MESSAGES, stream=True) as stream:
        seen = sum(bool(piece.choices[0].delta.content) for piece, _ in zip(stream, range(words + 1), strict=False))
    began = time.monotonic()
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at and Usage.objects.exists())
    assert time.monotonic() - began < 2
    usage = Usage.objects.get()
    assert (usage.status, usage.estimated) == ("aborted", True)
    assert seen <= usage.output_tokens <= fake_upstream.calls[0].tokens_sent
    assert not Call.objects.exists()


def test_hanging_up_on_a_whole_answer_stops_the_upstream(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    fake_upstream.hang()
    with pytest.raises(httpx2.ReadTimeout):
        http.post("/chat/completions", json={"model": "parrot", "messages": MESSAGES}, timeout=0.5)
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at and Usage.objects.exists(), 2)
    assert Usage.objects.get().status == "aborted"


def test_the_headers_of_a_stream_keep_proxies_from_waiting(http: httpx2.Client) -> None:
    with http.stream("POST", "/chat/completions", json={"model": "parrot", "messages": MESSAGES, "stream": True}) as it:
        raw = it.read()
    assert it.headers["content-type"].startswith("text/event-stream")
    assert (it.headers["cache-control"], it.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert raw.endswith(b"data: [DONE]\n\n")


# --- who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic YTpi", "Bearer vol-wrong", "Bearer \xff"])
def test_without_a_valid_key_there_is_nothing(base_url: str, header: str | None) -> None:
    raw = None if header is None else header.encode("latin-1")
    answer = httpx2.get(f"{base_url}/models", headers={} if raw is None else {b"Authorization": raw})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key.revoke(),
        lambda key: ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
        lambda key: User.objects.update(is_active=False),
        lambda key: key.delete(),
    ],
    ids=["revoked", "expired", "inactive user", "deleted"],
)
def test_a_key_that_lost_its_right_opens_nothing(base_url: str, alice: User, spoil: Any) -> None:
    key, secret = ApiKey.create(alice, "script", timezone.now() + timedelta(hours=1))
    sdk = openai.OpenAI(base_url=base_url, api_key=secret, max_retries=0)
    assert sdk.models.list().data
    spoil(key)
    with pytest.raises(openai.AuthenticationError):
        sdk.models.list()


def test_a_session_opens_nothing(base_url: str, alices_client: Client) -> None:
    cookies = {settings.SESSION_COOKIE_NAME: alices_client.cookies[settings.SESSION_COOKIE_NAME].value}
    assert httpx2.get(f"{base_url}/models", cookies=cookies).status_code == 401


def test_the_use_of_a_key_is_noted_once_a_minute(http: httpx2.Client) -> None:
    http.get("/models")
    noted = ApiKey.objects.get().last_used_at
    http.get("/models")
    assert noted and ApiKey.objects.get().last_used_at == noted
    ApiKey.objects.update(last_used_at=noted - timedelta(minutes=2))
    http.get("/models")
    assert ApiKey.objects.get().last_used_at > noted


# --- what is no request ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("POST", "/engines/parrot/completions", 404),
        ("GET", "/chat/completions", 405),
        ("POST", "/models", 405),
        ("DELETE", "/models/parrot", 405),
        ("OPTIONS", "/embeddings", 405),
    ],
)
def test_wrong_addresses_and_methods_get_json(http: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    assert (answer.status_code, set(answer.json()["error"])) == (status, {"message", "type", "param", "code"})
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"model": NaN}',
        b'{"model": "\\ud800"}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_what_is_no_json_is_400(http: httpx2.Client, raw: bytes) -> None:
    answer = http.post("/chat/completions", content=raw)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_body_without_a_model_is_400(http: httpx2.Client) -> None:
    answer = http.post("/chat/completions", json={"messages": MESSAGES})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")


@pytest.mark.parametrize("chunked", [True, False])
def test_too_large_a_body_is_413(http: httpx2.Client, chunked: bool) -> None:
    raw = b" " * (settings.API_MAX_BYTES + 1)
    answer = http.post("/chat/completions", content=iter([raw]) if chunked else raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_what_reaches_no_model_is_named(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    more = {"api_base": "x", "grammar": "x", "top_k": 5, "not a\r\nname": 1, "user": None}
    told = http.post("/chat/completions", json={"model": "parrot", "messages": MESSAGES} | more)
    assert told.headers["x-voliere-left-out"] == "api_base, grammar"
    assert fake_upstream.calls[0].body.keys() == {"model", "messages", "top_k", "stream"}
    tools = [{"type": "web_search"}, {"type": "function", "name": "look", "parameters": {}}]
    told = http.post("/responses", json={"model": "parrot", "input": "Piep?", "tools": tools, "x": 1})
    assert told.headers["x-voliere-left-out"] == "x, tools[0]"


def test_several_answers_of_one_call_come_and_are_counted(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.send(b"".join(
        f'data: {{"choices":[{{"index":{i},"delta":{{"content":"{word}"}},"finish_reason":"stop"}}]}}\n\n'.encode()
        for i, word in enumerate(("eins", "zwei"))
    ) + b"data: [DONE]\n\n")  # fmt: skip
    pieces = list(sdk.chat.completions.create(model="parrot", messages=MESSAGES, n=2, stream=True))
    assert [(choice.index, choice.delta.content) for piece in pieces for choice in piece.choices] == [
        (0, "eins"), (1, "zwei"),
    ]  # fmt: skip
    assert Usage.objects.get().output_tokens == 2


@pytest.mark.parametrize("stream", [True, False])
def test_a_model_may_have_a_name_in_any_script(http: httpx2.Client, parrot: Deployment, stream: bool) -> None:
    Deployment.objects.filter(pk=parrot.pk).update(name="попугай")
    told = http.post("/chat/completions", json={"model": "попугай", "messages": MESSAGES, "stream": stream})
    assert (told.status_code, unquote(told.headers["x-voliere-model"])) == (200, "попугай")
    assert Usage.objects.get().status == "done"


def test_what_nobody_can_have_named_is_not_remembered(http: httpx2.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Origin": "https://" + "x" * 10_000}
    before = len(origins._named.known)
    assert httpx2.options(f"{http.base_url}models", headers=asked).status_code == 204
    assert len(origins._named.known) == before


def test_scripts_of_a_site_that_the_key_names_may_read_the_answer(http: httpx2.Client, alice: User) -> None:
    site, other = {"Origin": "https://www.example.org"}, {"Origin": "https://evil.example"}
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-stainless-os"}
    allowed = "access-control-allow-origin"
    assert allowed not in http.get("/models", headers=site).headers
    ApiKey.objects.update(origins=[site["Origin"]])
    preflight = httpx2.options(f"{http.base_url}chat/completions", headers=site | asked)
    assert (preflight.status_code, preflight.headers[allowed]) == (204, site["Origin"])
    assert {"authorization", "*"} == set(preflight.headers["access-control-allow-headers"].split(", "))
    refused = http.post("/chat/completions", json={}, headers=site)
    assert (refused.status_code, refused.headers[allowed]) == (400, site["Origin"])
    assert allowed not in http.get("/models", headers=other).headers
    assert allowed not in httpx2.options(f"{http.base_url}models", headers=other | asked).headers


def test_a_defect_in_mid_stream_is_told_and_ends_it(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.completions.usage_of", lambda meter: 1 / 0)
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    told = http.post("/chat/completions", json={"model": "parrot", "messages": MESSAGES, **asked}).text
    assert "parrot" in told
    assert json.loads(told.strip().rpartition("data: ")[2])["error"]["code"] == "gateway_error"


def test_a_defect_of_ours_is_json_too_and_says_nothing(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.catalogue.current", lambda: 1 / 0)
    answer = http.get("/models")
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
    assert "division" not in answer.text


def test_the_table_of_errors_holds_every_code_and_no_other() -> None:
    elsewhere = {KeyEnded, HookFailed, MeterUnreadable, *kinds(OutsideError)}  # in the pages and under /api/v1
    known = {(kind.status, kind.code) for kind in kinds(GatewayError) if kind not in elsewhere}
    section = Path(settings.BASE_DIR, "docs/gateway.md").read_text().partition("### Errors")[2].partition("## ")[0]
    rows = re.findall(r"^\| (\d{3}) \|(.+)\|$", section, re.M)
    assert {(int(status), code) for status, told in rows for code in re.findall(r"`([a-z_]+)`", told)} == known
