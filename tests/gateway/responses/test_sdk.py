"""What comes over the wire, as OpenAI's own client understands it."""

from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given, settings
from pydantic import BaseModel

from gateway.exceptions import UpstreamTimeout
from gateway.responses import encoded
from tests.gateway.responses.chunks import ASK, Chunk, called, chunk, completion, counted, heard
from tests.gateway.responses.conftest import Translator
from tests.gateway.responses.test_events import streams

TEXT = [chunk(role="assistant", content=""), chunk(content="Um "), chunk("stop", content="neun."), counted()]
ARGUMENTS = '{"town":"Ulm"}'
TOOL: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}


class Bird(BaseModel):
    name: str
    eggs: int


class Weather(BaseModel):
    town: str


def test_an_answer_is_read(sdk: openai.OpenAI, translator: Translator) -> None:
    answer = sdk.responses.create(**ASK, instructions="Be brief.", store=False)
    assert answer.output_text == "Um neun." and answer.usage.total_tokens == 12
    assert [message["role"] for message in translator.asked["messages"]] == ["system", "user"]


def test_a_stream_is_read(sdk: openai.OpenAI, translator: Translator) -> None:
    translator.chunks = TEXT
    found = list(sdk.responses.create(**ASK, stream=True))
    assert "".join(event.delta for event in found if event.type == "response.output_text.delta") == "Um neun."
    assert found[-1].type == "response.completed" and found[-1].response.output_text == "Um neun."


async def test_a_stream_is_read_by_the_async_client(translator: Translator) -> None:
    translator.chunks = TEXT
    async with openai.AsyncOpenAI(base_url=translator.url, api_key="x") as sdk, sdk.responses.stream(**ASK) as stream:
        assert (await stream.get_final_response()).output_text == "Um neun."


def test_a_stream_is_gathered(sdk: openai.OpenAI, translator: Translator) -> None:
    translator.chunks = [chunk(reasoning_content="Hm."), *TEXT]
    with sdk.responses.stream(**ASK) as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert snapshots == ["Um ", "Um neun."] and final.output_text == "Um neun." and final.usage.output_tokens == 5


def test_an_answer_is_parsed(sdk: openai.OpenAI, translator: Translator) -> None:
    translator.completion = completion(content='{"name":"Amsel","eggs":4}')
    assert sdk.responses.parse(**ASK, text_format=Bird).output_parsed == Bird(name="Amsel", eggs=4)
    assert translator.asked["response_format"]["json_schema"]["name"] == "Bird"


def test_a_stream_is_parsed(sdk: openai.OpenAI, translator: Translator) -> None:
    translator.chunks = [chunk(content='{"name":"Amsel",'), chunk("stop", content='"eggs":4}')]
    with sdk.responses.stream(**ASK, text_format=Bird) as stream:
        assert stream.get_final_response().output_parsed == Bird(name="Amsel", eggs=4)


def test_a_call_is_parsed_and_its_result_is_sent_back(sdk: openai.OpenAI, translator: Translator) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "Weather", "arguments": ARGUMENTS}}
    translator.completion = completion("tool_calls", content=None, reasoning="Hm.", tool_calls=[call])
    tools = [openai.pydantic_function_tool(Weather)["function"] | {"type": "function"}]
    answer = sdk.responses.parse(**ASK, tools=tools)
    result = {"type": "function_call_output", "call_id": answer.output[1].call_id, "output": "sunny"}
    sdk.responses.create(model="parrot", input=[{"role": "user", "content": "?"}, *answer.output, result], tools=tools)
    _, told, heard_of = translator.asked["messages"]
    assert told["tool_calls"] == [call]
    assert heard_of == {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}


def test_a_streamed_call_is_gathered(sdk: openai.OpenAI, translator: Translator) -> None:
    begun = called(0, id="call_1", name="weather")
    translator.chunks = [chunk(tool_calls=[begun]), chunk("tool_calls", tool_calls=[called(0, ARGUMENTS)]), counted()]
    with sdk.responses.stream(**ASK, tools=[TOOL]) as stream:
        snapshots = [event.snapshot for event in stream if event.type == "response.function_call_arguments.delta"]
        [call] = stream.get_final_response().output
    assert snapshots == [ARGUMENTS] and (call.name, call.arguments) == ("weather", ARGUMENTS)


def test_an_error_in_the_middle_is_raised(sdk: openai.OpenAI, translator: Translator) -> None:
    translator.chunks, translator.error = TEXT[:2], UpstreamTimeout()
    seen = []
    with pytest.raises(openai.APIError, match="took too long") as raised:
        seen.extend(event.type for event in sdk.responses.create(**ASK, stream=True))
    assert raised.value.code == "upstream_timeout"


def test_a_cut_answer_is_told_as_incomplete(sdk: openai.OpenAI, translator: Translator) -> None:
    translator.chunks = [chunk("length", content="Um ne")]
    *_, last = sdk.responses.create(**ASK, stream=True)
    assert last.type == "response.incomplete" and last.response.output_text == "Um ne"


@given(streams())
@settings(deadline=None)
def test_the_client_gathers_what_was_said_whatever_the_order(chunks: list[Chunk]) -> None:
    events = heard(chunks)
    raw = b"".join(map(encoded, events))
    head = {"content-type": "text/event-stream"}
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, headers=head, content=raw)))
    with openai.OpenAI(api_key="x", http_client=http).responses.stream(**ASK) as stream:
        seen = [event.type for event in stream]
        assert seen == [event["type"] for event in events]
        if seen[-1] == "response.completed":
            output = [item.to_dict() for item in stream.get_final_response().output]
            assert [item["id"] for item in output] == [item["id"] for item in events[-1]["response"]["output"]]
