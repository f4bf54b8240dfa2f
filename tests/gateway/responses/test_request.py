"""A request for a response, as the chat completion that is asked instead."""

from typing import Any

import pytest

from gateway import requests
from gateway.exceptions import InvalidRequest
from gateway.responses import chat_body

PIXEL = "data:image/png;base64,AAAA"
WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {}}, "strict": True}
CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}", "id": "fc_1"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
TOLD = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def asked(**body: Any) -> dict[str, Any]:
    """What passes the chat's own allowlist unchanged, so nothing is lost behind the translation."""
    chat = chat_body({"model": "parrot", "input": "Hallo"} | body)
    assert requests.chat(chat) == chat
    return chat


def test_a_text_is_a_message_of_the_user() -> None:
    assert asked() == {"model": "parrot", "messages": [{"role": "user", "content": "Hallo"}]}


def test_instructions_come_first() -> None:
    assert asked(instructions="Be brief.")["messages"][0] == {"role": "system", "content": "Be brief."}


def test_what_a_developer_says_joins_the_instructions() -> None:
    parts = [{"type": "input_text", "text": text} for text in ("Be ", "kind.")]
    given = [{"role": "developer", "content": parts}, {"role": "user", "content": "Hallo"}]
    messages = asked(instructions="Be brief.", input=given)["messages"]
    assert [message["content"] for message in messages] == ["Be brief.\n\nBe kind.", "Hallo"]


def test_a_single_text_part_is_sent_as_a_plain_text() -> None:
    given = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hallo"}]}]
    assert asked(input=given)["messages"] == [{"role": "user", "content": "Hallo"}]


def test_a_picture_is_sent_along() -> None:
    content = [
        {"type": "input_text", "text": "Was ist das?"},
        {"type": "input_image", "image_url": PIXEL, "detail": "low"},
    ]
    *_, picture = asked(input=[{"role": "user", "content": content}])["messages"][0]["content"]
    assert picture == {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}}


def test_an_earlier_answer_is_sent_as_one_text() -> None:
    content = [{"type": "output_text", "text": "Um ", "annotations": []}, {"type": "output_text", "text": "neun."}]
    given = [{"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}]
    assert asked(input=given)["messages"] == [{"role": "assistant", "content": "Um neun."}]


@pytest.mark.parametrize("order", ["text first", "call first"])
def test_a_result_directly_follows_the_message_with_its_call(order: str) -> None:
    said = [{"role": "assistant", "content": "Let me look."}, CALL]
    said = said if order == "text first" else said[::-1]
    answered, result = asked(input=[*said, RESULT])["messages"]
    assert answered == {"role": "assistant", "content": "Let me look.", "tool_calls": [TOLD]}
    assert result == {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}


def test_calls_at_once_are_one_message_and_thoughts_are_left_out() -> None:
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    message, *results = asked(input=[CALL, thought, CALL | {"call_id": "call_2"}, RESULT])["messages"]
    assert [call["id"] for call in message["tool_calls"]] == ["call_1", "call_2"]
    assert message["content"] is None and len(results) == 1


def thought(*texts: str) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "content": [{"type": "reasoning_text", "text": text} for text in texts]}


def test_thoughts_go_back_within_a_turn_and_no_further() -> None:
    reference = {"type": "item_reference", "id": "rs_1"}
    given = [thought("Old."), {"role": "user", "content": "Wetter?"}, thought("Look", "."), CALL, reference, RESULT]
    question, called, result = asked(input=given)["messages"]
    assert called == {"role": "assistant", "content": None, "reasoning_content": "Look.", "tool_calls": [TOLD]}
    assert (question["role"], result["role"]) == ("user", "tool")


def test_a_summary_that_we_told_goes_back_as_the_thought_that_it_was() -> None:
    told = {"type": "reasoning", "id": "rs_1", "content": [], "summary": [{"type": "summary_text", "text": "Look."}]}
    called, _ = asked(input=[told, CALL, RESULT])["messages"]
    assert called["reasoning_content"] == "Look."


def test_a_thought_between_calls_does_not_part_them() -> None:
    given = [CALL, thought("And there?"), CALL | {"call_id": "call_2"}, RESULT]
    called, result = asked(input=given)["messages"]
    assert ([call["id"] for call in called["tool_calls"]], result["role"]) == (["call_1", "call_2"], "tool")


def test_tools_that_nobody_here_has_are_left_out() -> None:
    others = [{"type": "web_search"}, {"type": "namespace", "name": "agents", "tools": []}]
    assert asked(tools=[*others, {"type": "function", **WEATHER}])["tools"] == [
        {"type": "function", "function": WEATHER}
    ]
    assert "tools" not in asked(tools=others)


def test_only_allowed_tools_are_offered() -> None:
    functions = [{"type": "function", **WEATHER}, {"type": "function", **WEATHER, "name": "news"}]
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "news"}]}
    chat = asked(tools=functions, tool_choice=allowed)
    assert ([tool["function"]["name"] for tool in chat["tools"]], chat["tool_choice"]) == (["news"], "required")


def test_functions_and_the_choice_of_one_are_nested_as_chats_have_it() -> None:
    chat = asked(tools=[{"type": "function", **WEATHER}], tool_choice={"type": "function", "name": "weather"})
    assert chat["tools"] == [{"type": "function", "function": WEATHER}]
    assert chat["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


def test_a_schema_becomes_the_format_of_the_answer() -> None:
    schema = {"name": "bird", "schema": {"type": "object"}, "strict": True}
    wanted = asked(text={"format": {"type": "json_schema", **schema}})["response_format"]
    assert wanted == {"type": "json_schema", "json_schema": schema}


def test_json_without_a_schema_can_be_asked_for() -> None:
    assert asked(text={"format": {"type": "json_object"}})["response_format"] == {"type": "json_object"}
    assert "response_format" not in asked(text={"format": {"type": "text"}, "verbosity": "low"})


def test_the_knobs_have_their_names_in_a_chat() -> None:
    chat = asked(max_output_tokens=9, temperature=0, top_p=0.5, reasoning={"effort": "low"}, parallel_tool_calls=False)
    assert chat["max_tokens"] == 9 and chat["reasoning_effort"] == "low"
    assert (chat["temperature"], chat["top_p"], chat["parallel_tool_calls"]) == (0, 0.5, False)


def test_probabilities_are_asked_for_by_including_them() -> None:
    chat = asked(include=["message.output_text.logprobs", "reasoning.encrypted_content"], top_logprobs=2)
    assert chat["logprobs"] is True and chat["top_logprobs"] == 2


def test_what_says_nothing_to_the_model_is_not_sent_on() -> None:
    extras = {"metadata": {"a": "b"}, "store": True, "user": "alice", "truncation": "auto", "api_base": "x"}
    assert asked(**extras, background=False, previous_response_id=None, tools=[], service_tier="auto") == asked()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
    ],
)
def test_what_would_have_to_be_stored_is_refused_with_the_reason(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest, match="stored here") as refused:
        asked(**body)
    assert refused.value.param == param


def user(*parts: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": list(parts)}]}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": None}, "input"),
        ({"input": 7}, "input"),
        ({"input": []}, "input"),
        ({"input": ["Hallo"]}, "input[0]"),
        ({"input": [{"type": "reasoning", "summary": []}]}, "input"),
        ({"input": [{"type": "computer_call"}]}, "input[0].type"),
        ({"input": [{"type": ["message"]}]}, "input[0].type"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": ["user"], "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": {}}]}, "input[0].content"),
        (user("Hallo"), "input[0].content[0]"),
        (user({"type": ["input_text"]}), "input[0].content[0]"),
        (user({"type": "input_text"}), "input[0].content[0].text"),
        (user({"type": "input_file", "file_id": "file-1"}), "input[0].content[0].type"),
        (user({"type": "input_image", "file_id": "file-1"}), "input[0].content[0].image_url"),
        (user({"type": "input_image", "image_url": "http://169.254.169.254/"}), "input[0].content[0].image_url"),
        (
            {"input": [{"role": "assistant", "content": [{"type": "input_image", "image_url": PIXEL}]}]},
            "input[0].content",
        ),
        ({"input": [{"type": "function_call", "call_id": "1", "name": "x"}]}, "input[0].arguments"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"input": [RESULT | {"output": [7]}]}, "input[0].output[0]"),
        ({"model": 7}, "model"),
        ({"instructions": ["x"]}, "instructions"),
        ({"stream": "yes"}, "stream"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"temperature": 3}, "temperature"),
        ({"tools": {}}, "tools"),
        ({"tools": ["x"]}, "tools[0]"),
        ({"tools": [{"type": ["function"]}]}, "tools[0].type"),
        ({"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "all", "tools": []}}, "tool_choice"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "function", "name": "x", "parameters": "x"}]}, "tools[0].parameters"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"text": []}, "text"),
        ({"text": {"format": "json"}}, "text.format"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"reasoning": "much"}, "reasoning"),
        ({"reasoning": {"effort": "endless"}}, "reasoning.effort"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {str(i): "" for i in range(17)}}, "metadata"),
        ({"store": "no"}, "store"),
        ({"background": "no"}, "background"),
        ({"truncation": "some"}, "truncation"),
        ({"include": "all"}, "include"),
        ({"user": 7}, "user"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        asked(**body)
    assert refused.value.param == param
