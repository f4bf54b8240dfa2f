"""/v1/responses as OpenAI's own client sees it, over a server that knows chat completions alone."""

from typing import Any

import httpx2
import openai
import pytest
from pydantic import BaseModel

from gateway.models import Call, Quota, Upstream, Usage
from tests.fake_upstream import DEFAULT_TEXT, FakeUpstream


@pytest.fixture
def sdk(base_url: str, secret: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key=secret, max_retries=0)


def test_a_question_is_answered_and_charged_once(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    quota = Quota.objects.create(limit=1000)
    answer = sdk.responses.create(model="parrot", instructions="Be brief.", input="When does it open?")
    assert (answer.output_text, answer.model, answer.status) == (DEFAULT_TEXT, "parrot", "completed")
    assert answer.usage and answer.usage.total_tokens == 12
    quota.refresh_from_db()
    assert (quota.used, quota.reserved, Usage.objects.get().status) == (12, 0, "done")
    roles = [message["role"] for message in fake_upstream.calls[-1].body["messages"]]
    assert roles == ["system", "user"]


def test_an_answer_streams_as_typed_events(sdk: openai.OpenAI) -> None:
    with sdk.responses.stream(model="parrot", input="When?") as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert final.output_text == DEFAULT_TEXT
    assert (Usage.objects.get().output_tokens, Call.objects.count()) == (5, 0)


def test_structured_output_is_parsed(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    class Opening(BaseModel):
        hour: int

    fake_upstream.reply('{"hour": 9}')
    answer: Any = sdk.responses.parse(model="parrot", input="When?", text_format=Opening)
    assert answer.output_parsed.hour == 9
    assert fake_upstream.calls[-1].body["response_format"]["type"] == "json_schema"


def test_errors_have_their_status_before_the_first_event(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    fake_upstream.fail(503)
    with pytest.raises(openai.InternalServerError) as busy:
        list(sdk.responses.create(model="parrot", input="When?", stream=True))
    assert busy.value.status_code == 503
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.responses.create(model="parrot", input="When?", previous_response_id="resp_1")
    assert refused.value.param == "previous_response_id"


def test_who_hangs_up_stops_the_upstream(
    base_url: str, secret: str, aviary: Upstream, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply("piep " * 400, delay=0.05)
    http = httpx2.Client(headers={"Authorization": f"Bearer {secret}"})
    body = {"model": "parrot", "input": "Piep?", "stream": True}
    with http.stream("POST", f"{base_url}/responses", json=body) as answer:
        for number, _ in enumerate(answer.iter_lines()):
            if number == 20:
                break
    fake_upstream.wait_for(lambda server: server.calls[-1].disconnected_at, 2)
    fake_upstream.wait_for(lambda _: not Call.objects.exists(), 2)
    assert Usage.objects.get().status == "aborted"
