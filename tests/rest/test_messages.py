"""A script asks and reads the answer: whole, as it is written, or later from where it was."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from accounts.models import User
from chat.models import Conversation, Message
from gateway.models import ApiKey, Deployment, Quota, Scope, Usage
from tests.fake_upstream import FakeUpstream
from tests.gateway.conftest import aviary, parrot  # noqa: F401  (fixtures)
from tests.gateway.serving import in_this_process
from tests.rest.live import Script

QUESTION = {"text": "Wann öffnet die Voliere?"}


@pytest.fixture
def key(alice: User) -> ApiKey:
    return ApiKey.create(alice, "script")[0]


@pytest.fixture
def script(parrot: Deployment, key: ApiKey, fake_upstream: FakeUpstream) -> Iterator[Script]:  # noqa: F811
    fake_upstream.titles = {}  # what is scripted is for answers
    with in_this_process() as address:
        yield Script(address, key.secret)


@pytest.fixture
def path(script: Script) -> str:
    return f"/conversations/{script('POST', '/conversations', {}).json()['id']}"


def test_the_whole_answer_is_waited_for(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun.")
    told = script("POST", f"{path}/messages", QUESTION)
    [answer] = told.json()["answers"]
    assert (told.status_code, answer["text"], answer["status"]) == (201, "Um neun.", "done")
    tree = script("GET", f"{path}/messages").json()
    assert tree["branch"] == [told.json()["question"]["id"], answer["id"]]


def test_an_answer_is_read_as_it_is_written(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun Uhr, jeden Tag.", delay=0.05)
    seen = list(script.events("POST", f"{path}/messages", QUESTION))
    assert (seen[-1].kind, seen[-1].data["answer"]["text"]) == ("ended", "Um neun Uhr, jeden Tag.")
    numbers = [event.number for event in seen]
    assert numbers == sorted(numbers, key=lambda number: number or 0) and len(set(numbers)) == len(numbers)
    assert {"text", "snapshot"} & {event.kind for event in seen}


def test_a_reader_who_was_away_goes_on_without_a_gap(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Eins zwei drei vier fünf sechs sieben acht neun zehn.", delay=0.2)
    started = script("POST", f"{path}/messages", QUESTION, Prefer="respond-async")
    assert (started.status_code, started.json()["answers"][0]["status"]) == (202, "waiting")
    events = f"/messages/{started.json()['answers'][0]['id']}/events"
    before = list(islice(script.events("GET", events), 4))
    last = before[-1].number or 0
    after = list(script.events("GET", events, Last_Event_ID=str(last)))
    assert all(event.number > last for event in after if event.number)
    numbers = [event.number for event in after if event.kind != "snapshot"]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] == last + 1 or after[0].kind == "snapshot"
    assert after[-1].data["answer"]["text"].endswith("zehn.")


def test_of_an_answer_that_ended_the_end_is_told(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun.")
    [answer] = script("POST", f"{path}/messages", QUESTION).json()["answers"]
    [event] = script.events("GET", f"/messages/{answer['id']}/events")
    assert (event.kind, event.data["answer"]["text"]) == ("ended", "Um neun.")
    assert script("GET", f"/messages/{answer['id']}/events", Last_Event_ID="x").status_code == 422


def test_a_stream_ends_with_the_key(
    script: Script, path: str, fake_upstream: FakeUpstream, key: ApiKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.rest.streams.LOOK_EVERY", 0.2)
    fake_upstream.reply("eins " * 200, delay=0.1)
    events = script.events("POST", f"{path}/messages", QUESTION)
    next(events)
    key.revoke()
    assert "ended" not in {event.kind for event in events}


def test_an_answer_is_stopped(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("eins " * 200, delay=0.1)
    [answer] = script("POST", f"{path}/messages", QUESTION, Prefer="respond-async").json()["answers"]
    assert script("POST", f"/messages/{answer['id']}/stop").status_code == 200
    assert list(script.events("GET", f"/messages/{answer['id']}/events"))[-1].data["answer"]["status"] == "stopped"


def test_versions_stand_beside_each_other(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    for text in ("Um neun.", "Um zehn.", "Sonntags nie."):
        fake_upstream.reply(text)
    first = script("POST", f"{path}/messages", QUESTION).json()
    [again] = script("POST", f"/messages/{first['answers'][0]['id']}/regenerate", {}).json()["answers"]
    edited = script("POST", f"/messages/{first['question']['id']}/edit", {"text": "Und sonntags?"}).json()
    assert again["parent"] == first["question"]["id"]
    assert edited["question"]["parent"] is None and edited["answers"][0]["text"] == "Sonntags nie."
    shown = script("POST", f"/messages/{again['id']}/show").json()
    assert script("GET", f"{path}/messages").json()["branch"] == [first["question"]["id"], shown["id"]]


def test_a_question_with_an_id_is_stored_once(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun.")
    named = {**QUESTION, "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"}
    assert script("POST", f"{path}/messages", named).status_code == 201
    assert script("POST", f"{path}/messages", named).json()["code"] == "already_asked"


def test_a_stream_that_is_asked_for_twice_is_told_again(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("Um neun.")
    first, again = (list(script.events("POST", f"{path}/messages", QUESTION, Idempotency_Key="a")) for _ in range(2))
    assert first == again and Message.objects.count() == 2


def test_a_stream_that_was_left_is_not_asked_for_twice(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("eins zwei drei", delay=0.1)
    events = script.events("POST", f"{path}/messages", QUESTION, Idempotency_Key="a")
    next(events)
    events.close()  # type: ignore[attr-defined]  # it is a generator
    again = script.when_free("POST", f"{path}/messages", QUESTION, Idempotency_Key="a", Accept="text/event-stream")
    assert (again.status_code, again.json()["code"]) == (409, "answer_not_kept")
    assert Message.objects.count() == 2


def test_one_answer_at_a_time(script: Script, path: str, fake_upstream: FakeUpstream) -> None:
    fake_upstream.hang()
    script("POST", f"{path}/messages", QUESTION, Prefer="respond-async")
    refused = script("POST", f"{path}/messages", QUESTION)
    assert (refused.status_code, refused.json()["code"]) == (409, "answer_running")


def test_an_answer_counts_on_the_quotas_of_its_key(
    script: Script, path: str, fake_upstream: FakeUpstream, key: ApiKey
) -> None:
    quota = Quota.objects.create(api_key=key, unit="requests", limit=1, period="day")
    fake_upstream.reply("Um neun.")
    told = script("POST", f"{path}/messages", QUESTION)
    assert told.headers["x-ratelimit-limit-requests"] == "1"
    quota.refresh_from_db()
    assert quota.used == 1 and Usage.objects.filter(api_key=key, purpose="chat").count() == 1
    [answer] = script("POST", f"{path}/messages", QUESTION).json()["answers"]
    assert (answer["status"], answer["error"]) == ("failed", "insufficient_quota")


def test_a_key_for_some_models_asks_no_other(script: Script, path: str, key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(model_names=["finch"])
    [answer] = script("POST", f"{path}/messages", QUESTION).json()["answers"]
    assert (answer["status"], answer["error"]) == ("failed", "model_not_found")


def test_a_key_for_chats_alone_names_no_collection(script: Script, path: str, key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(scopes=[Scope.CHAT])
    named = {**QUESTION, "collections": ["7c9e6679-7425-40de-944b-e07fc1f90ae7"]}
    assert script("POST", f"{path}/messages", named).json()["code"] == "scope_missing"
    assert not Message.objects.exists()


def test_nothing_half_is_left_of_a_question_that_is_refused(script: Script, path: str) -> None:
    named: dict[str, Any] = {**QUESTION, "model": "assistant/nobody"}
    assert script("POST", f"{path}/messages", named).json()["code"] == "unknown_assistant"
    conversation = Conversation.objects.get()
    assert conversation.model == "" and not conversation.messages.exists()
