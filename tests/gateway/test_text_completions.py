"""/v1/completions, the older form: a text that goes on."""

import json
from typing import Any

import httpx2
import openai
import pytest

from gateway import requests
from gateway.exceptions import InvalidRequest
from gateway.models import Deployment, Quota, Usage
from tests.fake_upstream import DEFAULT_TEXT, FakeUpstream


@pytest.fixture
def sdk(base_url: str, secret: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key=secret, max_retries=0)


def test_the_sdk_gets_a_text(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    answer = sdk.completions.create(model="parrot", prompt="The aviary", max_tokens=5, suffix=".", echo=False)
    assert (answer.choices[0].text, answer.object, answer.model) == (DEFAULT_TEXT, "text_completion", "parrot")
    assert answer.usage and answer.usage.total_tokens == 12
    assert fake_upstream.calls[0].path == "/v1/completions"
    assert fake_upstream.calls[0].body["suffix"] == "."


def test_the_sdk_streams_a_text(sdk: openai.OpenAI) -> None:
    pieces = list(sdk.completions.create(model="parrot", prompt="The aviary", stream=True))
    assert "".join(piece.choices[0].text for piece in pieces) == DEFAULT_TEXT
    assert pieces[-1].choices[0].finish_reason == "stop"
    assert not any(piece.usage for piece in pieces)


def test_the_sdk_gets_the_usage_it_asks_for(sdk: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    *_, last = sdk.completions.create(model="parrot", prompt="x", stream=True, stream_options=options)
    assert last.choices == [] and last.usage and last.usage.completion_tokens == 5
    assert (last.object, last.id) == ("text_completion", "cmpl-parrot")


@pytest.mark.parametrize("stream", [True, False])
def test_quotas_are_settled_once(sdk: openai.OpenAI, stream: bool) -> None:
    quota = Quota.objects.create(limit=10_000)
    answer = sdk.completions.create(model="parrot", prompt="x", stream=stream)
    list(answer) if stream else None
    quota.refresh_from_db()
    assert (quota.used, quota.reserved) == (12, 0)
    assert not Usage.objects.get().estimated


@pytest.mark.parametrize("stream", [True, False])
def test_without_usage_the_text_is_counted(sdk: openai.OpenAI, fake_upstream: FakeUpstream, stream: bool) -> None:
    fake_upstream.reply("one two three", usage=None)
    answer = sdk.completions.create(model="parrot", prompt="12345678", stream=stream)
    list(answer) if stream else None
    usage = Usage.objects.get()
    assert (usage.input_tokens, usage.estimated) == (2, True)
    assert usage.output_tokens == (3 if stream else 4)


def test_who_leaves_pays_for_what_was_relayed(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("piep " * 200, delay=0.02)
    stream = sdk.completions.create(model="parrot", prompt="x", stream=True)
    [next(iter(stream)) for _ in range(5)]
    stream.close()
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at)
    fake_upstream.wait_for(lambda server: Usage.objects.exists())
    usage = Usage.objects.get()
    assert usage.status == "aborted" and 3 <= usage.output_tokens < 100


def test_a_stream_that_breaks_off_ends_with_an_error(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply(break_after=2)
    with pytest.raises(openai.APIError, match="broke off"):
        list(sdk.completions.create(model="parrot", prompt="x", stream=True))
    assert Usage.objects.get().status == "failed"


def test_a_failure_has_its_status(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.fail(400, param="prompt")
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.completions.create(model="parrot", prompt="x", stream=True)
    assert refused.value.param == "prompt"


def test_an_embedding_model_completes_nothing(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        sdk.completions.create(model="bge-finch", prompt="x")


def test_a_deployments_longest_answer_is_kept_to(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    Deployment.objects.update(max_output_tokens=50)
    sdk.completions.create(model="parrot", prompt="x", max_tokens=400)
    assert fake_upstream.calls[0].body["max_tokens"] == 50


def test_a_zero_byte_is_a_letter_like_others(base_url: str, secret: str, fake_upstream: FakeUpstream) -> None:
    raw = json.dumps({"model": "parrot", "prompt": "a\0b"})
    answer = httpx2.post(f"{base_url}/completions", content=raw, headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 200 and fake_upstream.calls[0].body["prompt"] == "a\0b"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "prompt"),
        ({"prompt": ["a", 7]}, "prompt"),
        ({"prompt": ["a"] * 65}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"prompt": [None]}, "prompt"),
        ({"prompt": [-1]}, "prompt"),
        ({"prompt": "x", "echo": "yes"}, "echo"),
        ({"prompt": "x", "max_tokens": -2}, "max_tokens"),
        ({"prompt": "x", "logprobs": True}, "logprobs"),
        ({"prompt": "x", "best_of": 3}, "best_of"),
        ({"prompt": "x", "stop": {}}, "stop"),
        ({"prompt": "x", "stream_options": "all"}, "stream_options"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        requests.text_completion(body)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("given", "prompt"),
    [(["a"], "a"), ("", ""), ([1, 2], [1, 2]), ([[1, 2]], [1, 2]), (["a", "b"], ["a", "b"]), ([[1], "b"], [[1], "b"])],
)
def test_prompts_are_texts_or_their_tokens(given: object, prompt: object) -> None:
    assert requests.text_completion({"prompt": given, "api_base": "x"}) == {"prompt": prompt}


def test_what_may_be_needed_is_held() -> None:
    body = requests.text_completion({"prompt": [1, 2, 3], "suffix": "1234", "max_tokens": 90_000})
    estimate = requests.estimate_text_completion(body, [Deployment(context_length=4096)])
    assert (estimate.input_tokens, estimate.output_tokens) == (4, 4096)


def test_several_texts_are_several_answers() -> None:
    body = requests.text_completion({"prompt": ["12345678", [1, 2]], "n": 3, "max_tokens": 7})
    estimate = requests.estimate_text_completion(body, [Deployment()])
    assert (estimate.input_tokens, estimate.output_tokens, estimate.answers) == (4, 7, 6)
