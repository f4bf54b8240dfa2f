"""Our gateway before a server that we did not write."""

import asyncio
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from openai import AsyncOpenAI, BadRequestError, OpenAI

from accounts.models import User
from gateway.models import ApiKey, Deployment, Usage
from tests.foreign_server.conftest import ForeignServer
from tests.gateway.serving import in_this_process

HELLO = [{"role": "user", "content": "Who sings in the hedge?"}]


@pytest.fixture
def deployment(transactional_db: None, foreign_server: ForeignServer) -> Deployment:
    """Registered as an admin would; the server cannot list its models offline, so the model is named."""
    call_command("addupstream", "foreign", foreign_server.base_url, model=[foreign_server.model])
    return Deployment.objects.get(model=foreign_server.model)


@pytest.fixture
def ours(alice: User, deployment: Deployment) -> Iterator[OpenAI]:
    secret = ApiKey.create(alice, "script")[1]
    with in_this_process() as url, OpenAI(base_url=f"{url}/v1", api_key=secret, max_retries=0, timeout=60) as sdk:
        yield sdk


def test_it_answers_directly(foreign_server: ForeignServer) -> None:
    sdk = OpenAI(base_url=foreign_server.base_url, api_key="none", max_retries=0, timeout=60)
    options = {"model": foreign_server.model, "messages": HELLO, "max_tokens": 8}
    assert sdk.chat.completions.create(**options).usage.completion_tokens <= 8  # type: ignore


def test_it_answers_through_the_gateway_and_is_counted(ours: OpenAI, deployment: Deployment) -> None:
    answer = ours.chat.completions.create(model=deployment.name, messages=HELLO, max_tokens=8)  # type: ignore
    usage = Usage.objects.get()
    assert answer.model == deployment.name
    assert (usage.input_tokens, usage.output_tokens) == (answer.usage.prompt_tokens, answer.usage.completion_tokens)  # type: ignore
    assert not usage.estimated


def test_it_streams_through_the_gateway_and_is_counted(ours: OpenAI, deployment: Deployment) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 8}
    events = list(ours.chat.completions.create(model=deployment.name, messages=HELLO, **options))  # type: ignore
    assert [event.choices[0].finish_reason for event in events if event.choices][-1] in ("stop", "length")
    assert events[-1].usage.completion_tokens == Usage.objects.get().output_tokens > 0


def test_usage_nobody_asked_for_is_counted_but_not_sent(ours: OpenAI, deployment: Deployment) -> None:
    events = list(ours.chat.completions.create(model=deployment.name, messages=HELLO, stream=True, max_tokens=8))  # type: ignore
    assert not any(event.usage for event in events)
    assert Usage.objects.get().output_tokens > 0


async def test_callers_at_the_same_time_are_all_served(ours: OpenAI, deployment: Deployment) -> None:
    async with AsyncOpenAI(base_url=ours.base_url, api_key=ours.api_key, max_retries=0, timeout=60) as sdk:
        options = {"model": deployment.name, "messages": HELLO, "max_tokens": 8}
        answers = await asyncio.gather(*(sdk.chat.completions.create(**options) for _ in range(6)))  # type: ignore
    assert all(answer.usage.completion_tokens for answer in answers)


def test_what_the_server_refuses_is_an_error_of_openai_s_kind(ours: OpenAI, deployment: Deployment) -> None:
    Deployment.objects.update(model="nobody/nothing")
    with pytest.raises(BadRequestError):
        ours.chat.completions.create(model=deployment.name, messages=HELLO, max_tokens=8)  # type: ignore
