"""Assistants as models of /v1, by OpenAI's own client."""

from typing import Any

import openai
import pytest

from accounts.models import User
from chat.models import Assistant
from gateway.models import ApiKey, Deployment, Quota, Usage
from rag.models import Collection
from tests.chat.test_assistants import make, offer
from tests.fake_upstream import ANSWERS, FakeUpstream
from tests.rag.api.conftest import Sdk
from tests.rag.api.test_answers import asked
from tests.rag.files import GARDEN
from tests.rag.test_retrieval import learn

QUESTION = "Wann öffnet der Garten?"


@pytest.fixture
def assistant(models: FakeUpstream, alice: User) -> Assistant:
    collection = Collection.objects.create(name="Haus", owner=alice)
    learn(alice, collection, GARDEN, "garten.txt")
    about = {"instructions": "Reime.", "temperature": 0.25, "description": "Kennt den Garten"}
    return make(alice, model="parrot", collections=[collection], **about)


def said(client: openai.OpenAI, name: str = "assistant/gartnerin", **more: Any) -> Any:
    messages: Any = [{"role": "system", "content": "Duze."}, {"role": "user", "content": QUESTION}]
    return client.chat.completions.create(**{"model": name, "messages": messages, **more})


def answers(upstream: FakeUpstream, text: str) -> None:
    upstream.do(ANSWERS["/embeddings"])
    upstream.reply(text)


def test_it_answers_by_its_instructions_from_its_collections(
    sdk: openai.OpenAI,
    assistant: Assistant,
    models: FakeUpstream,
) -> None:
    answers(models, "Um neun [1].")
    answer = said(sdk)
    assert (answer.choices[0].message.content, answer.model) == ("Um neun [1].", "parrot")
    assert answer.x_assistant == {"id": "assistant/gartnerin", "name": "Gärtnerin", "collections_left_out": 0}
    assert [source["filename"] for source in answer.x_rag["sources"]] == ["garten.txt"]
    body = asked(models)
    [system, user] = body["messages"]
    assert system["content"].startswith("Duze.\n\n") and user["content"] == QUESTION
    assert "Reime." in system["content"] and '<source id="1" title="garten.txt">' in system["content"]
    assert (body["model"], body["temperature"]) == ("parrot", 0.25)


def test_a_stream_ends_with_the_same(
    sdk: openai.OpenAI,
    assistant: Assistant,
    models: FakeUpstream,
) -> None:
    answers(models, "Um neun [1].")
    pieces = list(said(sdk, stream=True, temperature=0.9))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "Um neun [1]."
    assert pieces[-1].x_assistant["name"] == "Gärtnerin" and pieces[-1].x_rag["sources"][0]["filename"] == "garten.txt"
    assert asked(models)["temperature"] == 0.9


def responded(client: openai.OpenAI, **more: Any) -> Any:
    return client.responses.create(model="assistant/gartnerin", input=QUESTION, **more)


def test_a_response_is_its_too_and_cites_what_it_found(
    sdk: openai.OpenAI, assistant: Assistant, models: FakeUpstream
) -> None:
    answers(models, "Um neun [1].")
    answer = responded(sdk)
    assert (answer.output_text, answer.model, answer.x_assistant["name"]) == ("Um neun [1].", "parrot", "Gärtnerin")
    assert [item.type for item in answer.output] == ["file_search_call", "message"]
    assert answer.output[1].content[0].annotations[0].filename == "garten.txt"
    assert "Reime." in str(asked(models)) and asked(models)["model"] == "parrot"


def test_a_streamed_response_is_its_too(sdk: openai.OpenAI, assistant: Assistant, models: FakeUpstream) -> None:
    answers(models, "Um neun [1].")
    with sdk.responses.stream(model="assistant/gartnerin", input=QUESTION) as stream:
        final = stream.get_final_response()
    assert final.output_text == "Um neun [1]." and final.x_assistant["name"] == "Gärtnerin"


def test_a_response_of_an_assistant_searches_no_other_collections(sdk: openai.OpenAI, assistant: Assistant) -> None:
    tool: Any = {"type": "file_search", "vector_store_ids": ["vs_1"]}
    with pytest.raises(openai.BadRequestError) as refused:
        responded(sdk, tools=[tool])
    assert refused.value.param == "tools[0]"


def test_it_is_listed_to_those_who_may_use_it_and_call_its_model(
    sdk_of: Sdk,
    assistant: Assistant,
    alice: User,
    bob: User,
    charlie: User,
) -> None:
    offer(assistant, bob)
    for user, is_listed in ((alice, True), (bob, True), (charlie, False)):
        names = [model.id for model in sdk_of(user).models.list()]
        assert ("assistant/gartnerin" in names, "parrot" in names) == (is_listed, True)
    found: Any = sdk_of(bob).models.retrieve("assistant/gartnerin")
    assert (found.owned_by, found.voliere["kind"], found.voliere["title"]) == ("Alice", "assistant", "Gärtnerin")
    ApiKey.objects.update(model_names=["finch"])
    key = sdk_of(bob)
    ApiKey.objects.filter(user=bob).update(model_names=["finch"])
    assert [model.id for model in key.models.list()] == ["finch"]
    with pytest.raises(openai.NotFoundError):
        said(key)


def test_a_strangers_assistant_is_as_unknown_as_none(
    sdk_of: Sdk,
    assistant: Assistant,
    charlie: User,
    models: FakeUpstream,
) -> None:
    client, refusals, before = sdk_of(charlie), [], len(models.calls)
    for name in ("assistant/gartnerin", "assistant/nobody", "assistant/", "assistant/\x00"):
        with pytest.raises(openai.NotFoundError) as refused:
            said(client, name)
        refusals.append(refused.value.body)
    assert all(refusal == refusals[0] for refusal in refusals) and len(models.calls) == before


def test_the_asker_is_answered_without_what_they_may_not_see(
    sdk_of: Sdk,
    assistant: Assistant,
    bob: User,
    models: FakeUpstream,
) -> None:
    offer(assistant, bob)
    answer = said(sdk_of(bob))
    assert answer.x_assistant["collections_left_out"] == 1 and not hasattr(answer, "x_rag")
    assert "garten.txt" not in str(asked(models)) and "Reime." in str(asked(models))


def test_a_key_needs_its_scopes(sdk_of: Sdk, assistant: Assistant, alice: User, models: FakeUpstream) -> None:
    before = len(models.calls)
    for scope in ("chat", "documents-read"):
        with pytest.raises(openai.PermissionDeniedError):
            said(sdk_of(alice, scope))
    assert len(models.calls) == before


def test_its_calls_count_for_the_keys_owner(
    sdk_of: Sdk,
    assistant: Assistant,
    bob: User,
    models: FakeUpstream,
) -> None:
    offer(assistant, bob)
    Quota.objects.create(user=bob, unit="requests", period="day", limit=1)
    client = sdk_of(bob)
    said(client)
    [usage] = Usage.objects.filter(purpose="api")
    assert (usage.user, usage.api_key, usage.model) == (bob, ApiKey.objects.get(user=bob), "parrot")
    with pytest.raises(openai.RateLimitError):
        said(client)


def test_what_is_confidential_is_sent_to_no_model_elsewhere(
    sdk: openai.OpenAI,
    assistant: Assistant,
    models: FakeUpstream,
) -> None:
    Collection.objects.update(data_class="confidential")
    before = len(models.calls)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        said(sdk)
    assert refused.value.code == "not_in_house" and len(models.calls) == before


def test_a_model_that_is_gone_is_said(sdk: openai.OpenAI, assistant: Assistant, models: FakeUpstream) -> None:
    Deployment.objects.filter(name="parrot").update(is_active=False)
    with pytest.raises(openai.NotFoundError, match="The model of this assistant is no longer available"):
        said(sdk)
    assert "assistant/gartnerin" not in [model.id for model in sdk.models.list()]


def test_without_a_model_of_its_own_the_default_answers(sdk: openai.OpenAI, models: FakeUpstream, alice: User) -> None:
    make(alice)
    assert said(sdk).model == "parrot"


def test_one_that_names_itself_finds_no_model(sdk: openai.OpenAI, models: FakeUpstream, alice: User) -> None:
    make(alice, model="assistant/gartnerin")
    with pytest.raises(openai.NotFoundError):
        said(sdk)


def test_an_assistant_takes_no_other_search(sdk: openai.OpenAI, assistant: Assistant) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        said(sdk, extra_body={"x_rag": {"vector_store_ids": ["vs_" + "0" * 32]}})
    assert refused.value.param == "x_rag"


def test_a_model_of_the_same_name_was_there_first(
    sdk: openai.OpenAI,
    assistant: Assistant,
    models: FakeUpstream,
) -> None:
    Deployment.objects.filter(name="parrot").update(name="assistant/gartnerin")
    assert "Reime." not in str(asked_after(sdk, models))
    assert [model.id for model in sdk.models.list()].count("assistant/gartnerin") == 1


def asked_after(client: openai.OpenAI, upstream: FakeUpstream) -> Any:
    said(client)
    return asked(upstream)
