"""A whole chat completion as a whole response."""

from typing import Any

import pytest
from openai.types.responses import Response

from gateway.responses import response
from tests.gateway.responses.chunks import ASK, USAGE, completion, valid


def answered(message: dict[str, Any], finish: str = "stop", usage: Any = USAGE, **asked: Any) -> Response:
    return valid(response(ASK | asked, completion(finish, usage, **message)))


def test_a_text_becomes_a_message() -> None:
    answer = answered({"content": "Um neun."})
    assert answer.output_text == "Um neun." and answer.status == "completed" and answer.error is None
    assert (answer.model, answer.created_at) == ("parrot", 1_800_000_000)
    assert answer.id.startswith("resp_") and answer.output[0].id.startswith("msg_")


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_stand_before_the_message(field: str) -> None:
    thought, message = answered({"content": "Um neun.", field: "Hm."}).output
    assert thought.type == "reasoning" and thought.content[0].text == "Hm." and thought.id.startswith("rs_")
    assert message.type == "message"


def test_calls_become_items_of_their_own() -> None:
    function = {"name": "weather", "arguments": '{"town":"Ulm"}'}
    calls = [{"id": f"call_{i}", "type": "function", "function": function} for i in (1, 2)]
    first, second = answered({"content": None, "tool_calls": calls}, "tool_calls").output
    assert first.type == second.type == "function_call"
    assert (first.name, first.arguments, first.status) == ("weather", '{"town":"Ulm"}', "completed")
    assert (first.call_id, second.call_id) == ("call_1", "call_2") and first.id != second.id


def test_a_refusal_is_a_part_of_the_message() -> None:
    message = answered({"content": None, "refusal": "No."}).output[0]
    assert message.type == "message" and message.content[0].type == "refusal" and message.content[0].refusal == "No."


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_cut_short_is_incomplete(finish: str, reason: str) -> None:
    answer = answered({"content": "Um ne"}, finish)
    assert answer.status == "incomplete" and answer.incomplete_details.reason == reason
    assert answer.output[0].status == "incomplete" and answer.completed_at is None


def test_usage_is_told_in_other_words() -> None:
    usage = answered({"content": "x"}).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (7, 5, 12)
    assert usage.input_tokens_details.cached_tokens == 3 and usage.output_tokens_details.reasoning_tokens == 0
    assert answered({"content": "x"}, usage=None).usage is None


def test_probabilities_are_handed_on() -> None:
    whole = completion(content="Um")
    token = {"token": "Um", "logprob": -0.1, "bytes": None}
    whole["choices"][0]["logprobs"] = {"content": [token | {"top_logprobs": [token]}]}
    part = valid(response(ASK, whole)).output[0].content[0]
    assert part.logprobs[0].token == "Um" and part.logprobs[0].top_logprobs[0].logprob == -0.1


def test_the_request_is_repeated_as_it_was_carried_out() -> None:
    schema = {"type": "json_schema", "name": "bird", "schema": {"type": "object"}}
    tool = {"type": "function", "name": "weather", "secret": "x"}
    asked = {"temperature": 0.5, "metadata": {"a": "b"}, "instructions": "Be brief.", "max_output_tokens": 9}
    more = {"tools": [tool], "text": {"format": schema}, "reasoning": {"effort": "low"}, "tool_choice": "required"}
    answer = answered({"content": "x"}, **asked, **more, truncation="auto", store=True, user="alice").to_dict()
    assert answer | asked == answer
    assert answer["text"]["format"] == schema and answer["tool_choice"] == "required"
    assert answer["tools"][0]["name"] == "weather" and "secret" not in answer["tools"][0]
    assert (answer["store"], answer["truncation"], answer["user"]) == (False, "disabled", "alice")


def test_what_was_not_asked_for_has_its_usual_value() -> None:
    answer = answered({"content": "x"})
    assert (answer.tool_choice, answer.tools, answer.parallel_tool_calls) == ("auto", [], True)
    assert answer.metadata == {} and answer.text.format.type == "text"
