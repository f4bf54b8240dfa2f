"""/v1/responses over a server that knows responses itself."""

from typing import Any

import openai
import pytest

from gateway.models import Call, Deployment, Quota, Upstream, Usage
from tests.fake_upstream import Connection, FakeUpstream

USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 3},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 9,
}


def whole(text: str, status: str = "completed", **fields: object) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": "parrot-inside", "status": status}
    more = {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "error": None}
    return head | more | {"output": [message] if text else [], "usage": USAGE if text else None} | fields


def streamed(*words: str, last: dict[str, Any] | None = None) -> Any:
    async def script(connection: Connection) -> None:
        place = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
        deltas = [{"type": "response.output_text.delta", "delta": word, "logprobs": [], **place} for word in words]
        ended = last or {"type": "response.completed", "response": whole("".join(words))}
        events = [{"type": "response.created", "response": whole("", "in_progress")}, *deltas, ended]
        await connection.head(200, "text/event-stream", transfer_encoding="chunked")
        for number, event in enumerate(events):
            await connection.event({"sequence_number": number, **event})
        await connection.chunk(b"")

    return script


@pytest.fixture
def sdk(base_url: str, secret: str, aviary: Upstream) -> openai.OpenAI:
    Deployment.objects.update(has_responses=True, max_output_tokens=50)
    return openai.OpenAI(base_url=base_url, api_key=secret, max_retries=0)


def test_a_response_is_relayed_under_the_public_name_and_charged(
    sdk: openai.OpenAI, fake_upstream: FakeUpstream
) -> None:
    quota = Quota.objects.create(limit=1000)
    fake_upstream.do(lambda connection: connection.json(whole("Um neun.")))
    answer = sdk.responses.create(model="parrot", input="Wann?")
    assert (answer.id, answer.output_text, answer.model) == ("resp_1", "Um neun.", "parrot")
    quota.refresh_from_db()
    usage = Usage.objects.get()
    assert (quota.used, quota.reserved, usage.status, usage.cached_tokens) == (9, 0, "done", 3)


def test_only_what_is_allowed_reaches_the_server(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.do(lambda connection: connection.json(whole("Um neun.")))
    tool: Any = {"type": "function", "name": "look", "parameters": {}, "server_url": "http://elsewhere.invalid"}
    said: Any = [{"role": "user", "content": "Wann?", "api_base": "http://elsewhere.invalid"}]
    sdk.responses.create(model="parrot", input=said, tools=[tool], store=True, extra_body={"api_base": "x"})
    call = fake_upstream.calls[-1]
    assert call.path == "/v1/responses"
    assert call.body == {
        "model": "parrot",
        "input": [{"role": "user", "content": "Wann?"}],
        "text": {"format": {"type": "text"}},
        "tools": [{"type": "function", "name": "look", "parameters": {}}],
        "store": False,
        "stream": False,
        "max_output_tokens": 50,
    }


def test_what_only_its_server_can_read_goes_back_to_it(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.do(lambda connection: connection.json(whole("Um neun.")))
    thought: Any = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}
    said: Any = [{"role": "user", "content": "Wann?"}, thought]
    sdk.responses.create(model="parrot", input=said, include=["reasoning.encrypted_content"])
    assert fake_upstream.calls[-1].body["input"][1] == thought


@pytest.mark.parametrize("is_streamed", [True, False])
def test_the_callers_labels_come_back(sdk: openai.OpenAI, fake_upstream: FakeUpstream, is_streamed: bool) -> None:
    fake_upstream.do(streamed("Um neun.") if is_streamed else lambda connection: connection.json(whole("Um neun.")))
    found: Any = sdk.responses.create(model="parrot", input="Wann?", metadata={"case": "7"}, stream=is_streamed)
    assert (list(found)[-1].response if is_streamed else found).metadata == {"case": "7"}
    assert "metadata" not in fake_upstream.calls[-1].body


def test_events_are_relayed_as_they_come(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.do(streamed("Um ", "neun."))
    with sdk.responses.create(model="parrot", input="Wann?", stream=True) as stream:
        events: list[Any] = list(stream)
    kinds = [event.type.removeprefix("response.") for event in events]
    assert kinds == ["created", "output_text.delta", "output_text.delta", "completed"]
    assert {events[0].response.model, events[-1].response.model} == {"parrot"}
    assert (Usage.objects.get().output_tokens, Call.objects.count()) == (2, 0)


@pytest.mark.parametrize("is_streamed", [True, False])
def test_a_failure_is_told_without_the_servers_words(
    sdk: openai.OpenAI, fake_upstream: FakeUpstream, is_streamed: bool
) -> None:
    failed = whole("", "failed", error={"code": "server_error", "message": "at http://10.0.0.1 with upstream-secret"})
    ended = {"type": "response.failed", "response": failed}
    fake_upstream.do(streamed("Um ", last=ended) if is_streamed else lambda connection: connection.json(failed))
    with pytest.raises(openai.APIError) as error:
        list(sdk.responses.create(model="parrot", input="Wann?", stream=is_streamed))
    assert "10.0.0.1" not in str(error.value) and "upstream-secret" not in str(error.value)
    assert Usage.objects.get().status == "failed"


def test_a_stream_that_is_cut_off_is_an_error(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.do(streamed("Um ", last={"type": "response.output_text.delta", "delta": "ne"}))
    with pytest.raises(openai.APIError):
        list(sdk.responses.create(model="parrot", input="Wann?", stream=True))


def test_it_is_translated_where_the_fallback_of_a_fallback_does_not_know_it(
    sdk: openai.OpenAI, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    parrot = Deployment.objects.get(name="parrot")
    last = Deployment.objects.create(upstream=aviary, name="wren", model="wren", fallback=parrot)
    middle = Deployment.objects.create(upstream=aviary, name="owl", model="owl", fallback=last, has_responses=True)
    Deployment.objects.filter(pk=parrot.pk).update(fallback=middle)
    assert sdk.responses.create(model="parrot", input="Wann?").output_text
    assert fake_upstream.calls[-1].path == "/v1/chat/completions"


def test_it_is_translated_where_one_of_the_servers_does_not_know_it(
    sdk: openai.OpenAI, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    Deployment.objects.create(upstream=aviary, name="parrot", model="older", priority=1)
    assert sdk.responses.create(model="parrot", input="Wann?").output_text
    assert fake_upstream.calls[-1].path == "/v1/chat/completions"
