"""The allowlist."""

from typing import Any

import pytest

from gateway import requests
from gateway.exceptions import InvalidRequest
from gateway.models import Deployment

HELLO = [{"role": "user", "content": "Hallo"}]
PIXEL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hallo"}, "messages"),
        ({"messages": ["Hallo"]}, "messages[0]"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "video_url"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": ["text"]}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, "messages[0].content[0]"),
        ({"messages": HELLO, "model": 7}, "model"),
        ({"messages": HELLO, "stream": "yes"}, "stream"),
        ({"messages": HELLO, "max_tokens": 0}, "max_tokens"),
        ({"messages": HELLO, "max_tokens": True}, "max_tokens"),
        ({"messages": HELLO, "max_completion_tokens": 10**12}, "max_completion_tokens"),
        ({"messages": HELLO, "temperature": "hot"}, "temperature"),
        ({"messages": HELLO, "temperature": 2.1}, "temperature"),
        ({"messages": HELLO, "n": 9}, "n"),
        ({"messages": HELLO, "top_k": 0.5}, "top_k"),
        ({"messages": HELLO, "chat_template_kwargs": {"chat_template": "{{ x }}"}}, "chat_template_kwargs"),
        ({"messages": HELLO, "chat_template_kwargs": {"thinking": [1]}}, "chat_template_kwargs"),
        ({"messages": HELLO, "chat_template_kwargs": {"thinking_mode": "{% for %}"}}, "chat_template_kwargs"),
        ({"messages": HELLO, "stop": [1]}, "stop"),
        ({"messages": HELLO, "tools": {}}, "tools"),
        ({"messages": HELLO, "stream_options": 1}, "stream_options"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        requests.chat(body)
    assert refused.value.param == param


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "file:///etc/passwd", "data:text/html,x", None, 7])
def test_no_model_server_is_sent_to_fetch_something(url: object) -> None:
    content = [{"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(InvalidRequest, match="data:"):
        requests.chat({"messages": [{"role": "user", "content": content}]})


def test_unknown_fields_are_left_out_everywhere() -> None:
    body = {
        "messages": [{"role": "user", "content": [PIXEL | {"x": 1}], "api_key": "x"}],
        "api_base": "x",
        "seed": None,
    }
    assert requests.chat(body) == {"messages": [{"role": "user", "content": [PIXEL]}]}


OPEN_MODELS = {"top_k": 20, "min_p": 0.1, "repetition_penalty": 1.1, "chat_template_kwargs": {"enable_thinking": False}}


def test_what_only_servers_of_open_models_know_goes_to_them() -> None:
    body = {"messages": [{"role": "user", "content": "Hallo"}], **OPEN_MODELS}
    assert requests.chat(body) == body


def test_a_limit_of_minus_one_is_none() -> None:
    said = {"messages": [{"role": "user", "content": "Hallo"}]}
    assert requests.chat(said | {"max_tokens": -1, "max_completion_tokens": -1}) == said
    assert requests.text_completion({"prompt": "Hallo", "max_tokens": -1}) == {"prompt": "Hallo"}


def test_an_assistant_that_only_calls_tools_says_nothing() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    assert requests.chat({"messages": [message]})["messages"] == [message]


@pytest.mark.parametrize("given", [None, [], 7, [""] * 2049, [["x"]], [1, -1], {}, [None]])
def test_inputs_that_are_none_are_refused(given: object) -> None:
    with pytest.raises(InvalidRequest):
        requests.embedding({"input": given})


@pytest.mark.parametrize(
    ("given", "inputs"), [("a", ["a"]), (["a", "b"], ["a", "b"]), ([1, 2], [[1, 2]]), ([[1], [2]], [[1], [2]])]
)
def test_inputs_become_a_list(given: object, inputs: object) -> None:
    assert requests.embedding({"input": given})["input"] == inputs


def test_a_picture_is_not_estimated_by_its_bytes() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}
    body = requests.chat({"messages": [{"role": "user", "content": [picture]}]})
    assert requests.estimate_chat(body, []).input_tokens < 2000


def test_no_more_output_is_held_than_the_model_can_say() -> None:
    body = requests.chat({"messages": HELLO, "max_tokens": 100_000})
    assert requests.estimate_chat(body, [Deployment(context_length=4096)]).output_tokens == 4096
