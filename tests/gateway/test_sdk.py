"""What OpenAI's own client makes of the rarer parts of our /v1."""

import json
from datetime import timedelta
from typing import Any

import openai
import pytest
from django.utils import timezone
from pydantic import BaseModel

from accounts.models import User
from gateway.models import ApiKey, Quota
from tests.fake_upstream import Connection, FakeUpstream

MESSAGES: Any = [{"role": "user", "content": "When does the aviary open?"}]
TOOLS: Any = [{"type": "function", "function": {"name": "hours", "parameters": {"type": "object"}}}]
TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "hours", "arguments": '{"day": "Monday"}'}}
IMAGE = "data:image/png;base64,iVBORw0KGgo="


class Hours(BaseModel):
    opens: int


@pytest.fixture
def sdk(base_url: str, secret: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key=secret, max_retries=2)


def says(fake_upstream: FakeUpstream, message: dict[str, Any]) -> None:
    choices = [{"index": 0, "message": {"role": "assistant", "content": None} | message, "finish_reason": "stop"}]
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "parrot", "choices": choices}
    fake_upstream.send(json.dumps(whole).encode(), content_type="application/json")


def streams(fake_upstream: FakeUpstream, *deltas: dict[str, Any]) -> None:
    async def script(connection: Connection) -> None:
        await connection.head(200, "text/event-stream", transfer_encoding="chunked")
        for delta in [*deltas, {}]:
            choices = [{"index": 0, "delta": delta, "finish_reason": None if delta else "tool_calls"}]
            await connection.event({"id": "c", "object": "chat.completion.chunk", "created": 1, "choices": choices})
        await connection.event("[DONE]")
        await connection.chunk(b"")

    fake_upstream.do(script)


def test_tools_go_there_and_back(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    says(fake_upstream, {"tool_calls": [TOOL_CALL]})
    choice: Any = {"type": "function", "function": {"name": "hours"}}
    asked: Any = sdk.chat.completions.create(model="parrot", messages=MESSAGES, tools=TOOLS, tool_choice=choice)
    call = asked.choices[0].message.tool_calls[0]
    told: Any = {"role": "tool", "tool_call_id": call.id, "content": "nine"}
    sdk.chat.completions.create(model="parrot", messages=[*MESSAGES, asked.choices[0].message, told], tools=TOOLS)
    first, second = (request.body for request in fake_upstream.calls)
    assert (first["tools"], first["tool_choice"]) == (TOOLS, choice)
    assert second["messages"][1]["tool_calls"] == [TOOL_CALL] and second["messages"][2] == told


def test_a_tool_call_arrives_in_pieces(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    pieces = [{"index": 0, "function": {"arguments": part}} for part in ('{"day": ', '"Monday"}')]
    begin = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "hours", "arguments": ""}}
    streams(fake_upstream, *({"tool_calls": [piece]} for piece in [begin, *pieces]))
    stream: Any = sdk.chat.completions.create(model="parrot", messages=MESSAGES, tools=TOOLS, stream=True)
    calls = [call.function for piece in stream for call in piece.choices[0].delta.tool_calls or ()]
    assert (calls[0].name, "".join(call.arguments for call in calls)) == ("hours", '{"day": "Monday"}')


def test_an_answer_is_parsed_into_a_class(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    says(fake_upstream, {"content": '{"opens": 9}'})
    answer = sdk.chat.completions.parse(model="parrot", messages=MESSAGES, response_format=Hours)
    assert answer.choices[0].message.parsed == Hours(opens=9)
    assert fake_upstream.calls[0].body["response_format"]["json_schema"]["name"] == "Hours"


def test_images_and_reasoning_pass_through(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    says(fake_upstream, {"content": "A finch.", "reasoning_content": "Small, with a beak."})
    parts: Any = [{"type": "text", "text": "Which?"}, {"type": "image_url", "image_url": {"url": IMAGE}}]
    answer: Any = sdk.chat.completions.create(model="parrot", messages=[{"role": "user", "content": parts}])
    assert fake_upstream.calls[0].body["messages"][0]["content"] == parts
    assert answer.choices[0].message.reasoning_content == "Small, with a beak."


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_go_back_between_calls_of_tools_and_are_counted(
    sdk: openai.OpenAI, fake_upstream: FakeUpstream, name: str
) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 3}}
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "A finch."}}], "usage": usage}
    fake_upstream.do(lambda connection: connection.json(answer))
    said: Any = [*MESSAGES, {"role": "assistant", "content": "Hm.", name: "Small, with a beak."}]
    counted = sdk.chat.completions.create(model="parrot", messages=said).usage
    assert fake_upstream.calls[0].body["messages"] == said
    assert counted and counted.completion_tokens_details and counted.completion_tokens_details.reasoning_tokens == 3


def test_the_headers_tell_what_is_left(sdk: openai.OpenAI) -> None:
    Quota.objects.create(limit=10, unit=Quota.Unit.REQUESTS, period=Quota.Period.DAY)
    headers = sdk.chat.completions.with_raw_response.create(model="parrot", messages=MESSAGES).headers
    assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]) == ("10", "9")
    assert headers["x-ratelimit-reset-requests"].endswith("s") and headers["x-request-id"].startswith("req_")
    assert headers["x-voliere-model"] == "parrot"


def test_a_used_up_quota_is_not_tried_again(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    Quota.objects.create(limit=1)
    with pytest.raises(openai.RateLimitError) as refused:
        sdk.chat.completions.create(model="parrot", messages=MESSAGES)
    assert refused.value.code == "insufficient_quota" and not fake_upstream.calls
    headers = refused.value.response.headers
    assert (headers["x-ratelimit-limit-tokens"], headers["x-ratelimit-remaining-tokens"]) == ("1", "1")
    assert headers["x-ratelimit-reset-tokens"].endswith("s")
    assert refused.value.response.request.headers["x-stainless-retry-count"] == "0"


def test_a_key_without_the_scope_is_refused(base_url: str, alice: User) -> None:
    key, secret = ApiKey.create(alice, "script", timezone.now() + timedelta(hours=1))
    ApiKey.objects.filter(pk=key.pk).update(scopes=["embeddings"])
    with pytest.raises(openai.PermissionDeniedError):
        openai.OpenAI(base_url=base_url, api_key=secret).chat.completions.create(model="parrot", messages=MESSAGES)


async def test_the_async_sdk_streams_a_tool_call(base_url: str, secret: str, fake_upstream: FakeUpstream) -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "hours", "arguments": "{}"}}
    streams(fake_upstream, {"tool_calls": [call]})
    async with openai.AsyncOpenAI(base_url=base_url, api_key=secret) as sdk:
        stream: Any = await sdk.chat.completions.create(model="parrot", messages=MESSAGES, tools=TOOLS, stream=True)
        names = [call.function.name async for piece in stream for call in piece.choices[0].delta.tool_calls or ()]
    assert names == ["hours"]
