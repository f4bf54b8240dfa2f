"""A local chat model beside the librarian: a tiny Llama of random weights."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from openai import BadRequestError, OpenAI

from tests.foreign_server import tiny_llama
from tests.inference.conftest import ROOT, serving

HELLO = [{"role": "user", "content": "hello there"}]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    subprocess.run([sys.executable, "-m", tiny_llama.__name__, str(folder)], cwd=ROOT, check=True)
    with serving(VOLIERE_CHAT_MODEL=str(folder)) as server:
        yield server.sdk


def chat(sdk: OpenAI, messages: list[dict[str, str]] = HELLO, **options: object):  # type: ignore[no-untyped-def]
    return sdk.chat.completions.create(model="tiny", messages=messages, **options)  # type: ignore[call-overload]


def test_it_is_offered_with_its_licence(local: OpenAI) -> None:
    about = local.models.retrieve("tiny").to_dict()["voliere"]
    assert (about["kind"], about["licence"], about["context_length"]) == ("chat", "cc0-1.0", 8192)  # type: ignore[index]


def test_whole_and_streamed_answers_agree(local: OpenAI) -> None:
    whole = chat(local, max_tokens=20, temperature=0)
    events = list(chat(local, max_tokens=20, temperature=0, stream=True, stream_options={"include_usage": True}))
    streamed = "".join(event.choices[0].delta.content or "" for event in events if event.choices)
    assert streamed == whole.choices[0].message.content != ""
    assert whole.usage == events[-1].usage and whole.usage.completion_tokens == 20
    assert whole.choices[0].finish_reason == "length"


def test_a_seed_repeats_the_answer(local: OpenAI) -> None:
    said = {chat(local, max_tokens=20, seed=-3).choices[0].message.content for _ in range(2)}
    assert len(said) == 1


def test_messages_beyond_the_context_are_refused(local: OpenAI) -> None:
    with pytest.raises(BadRequestError) as refused:
        chat(local, [{"role": "user", "content": "word " * 20_000}], stream=True)
    assert refused.value.code == "context_length_exceeded"


def test_who_leaves_a_stream_frees_the_model(local: OpenAI) -> None:
    stream = chat(local, max_tokens=8000, stream=True)
    next(iter(stream))
    stream.close()
    started = time.monotonic()
    chat(local, max_tokens=1)
    assert time.monotonic() - started < 5
