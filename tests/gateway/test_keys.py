"""What a key opens, for how long, and when no more."""

import logging
import time
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from gateway import fresh
from gateway.exceptions import KeyEnded
from gateway.models import ApiKey, Deployment, Quota, Upstream, Usage
from tests.fake_upstream import FakeUpstream
from tests.gateway.serving import as_process

HOUR = timedelta(hours=1)
QUESTION = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}], "max_tokens": 20}
BODIES = {"/chat/completions": QUESTION, "/embeddings": {"model": "bge-finch", "input": "Piep"}}


def key_of(user: User, **fields: Any) -> tuple[ApiKey, str]:
    key = ApiKey(user=user, name="script", **fields)
    return key, key.issue()


def ask(base_url: str, secret: str, path: str = "/chat/completions") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.post(base_url + path, json=BODIES[path], headers=headers, timeout=20)


def models_for(base_url: str, secret: str) -> list[str]:
    answer = httpx2.get(f"{base_url}/models", headers={"Authorization": f"Bearer {secret}"})
    return [model["id"] for model in answer.json()["data"]]


# --- what it opens ---


@pytest.mark.parametrize(
    ("scopes", "path"),
    [(["embeddings", "audio"], "/chat/completions"), (["chat"], "/embeddings"), ([], "/chat/completions")],
)
def test_without_the_scope_a_call_is_refused(base_url: str, alice: User, scopes: list[str], path: str) -> None:
    answer = ask(base_url, key_of(alice, scopes=scopes)[1], path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")
    assert not Usage.objects.exists()


def test_with_the_scope_a_call_is_answered(base_url: str, alice: User) -> None:
    assert ask(base_url, key_of(alice, scopes=["chat"])[1]).status_code == 200


def test_a_key_for_one_model_sees_and_calls_no_other(base_url: str, alice: User) -> None:
    secret = key_of(alice, model_names=["bge-finch"])[1]
    assert models_for(base_url, secret) == ["bge-finch"]
    answer = ask(base_url, secret)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_a_second_server_of_the_name_serves_the_key_as_well(base_url: str, alice: User, parrot: Deployment) -> None:
    secret = key_of(alice, model_names=["parrot"])[1]
    second = Upstream.objects.create(name="second", base_url=parrot.upstream.base_url)
    Deployment.objects.create(upstream=second, name="parrot", model="parrot")
    Deployment.objects.filter(pk=parrot.pk).update(is_active=False)
    assert ask(base_url, secret).status_code == 200


def test_when_its_only_model_goes_a_key_opens_nothing_else(base_url: str, alice: User, parrot: Deployment) -> None:
    secret = key_of(alice, model_names=["parrot"])[1]
    parrot.delete()
    assert models_for(base_url, secret) == []


# --- for how long ---


def test_an_expired_key_is_refused_at_once_even_by_who_remembers_it(
    base_url: str, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "SECONDS", 60)
    secret = key_of(alice, expires_at=timezone.now() + timedelta(seconds=1.5))[1]
    assert ask(base_url, secret).status_code == 200
    time.sleep(1.5)
    assert ask(base_url, secret).status_code == 401


@pytest.mark.parametrize(("overlap", "status"), [(timedelta(0), 401), (HOUR, 200)])
def test_after_a_rotation_the_former_secret_opens_for_the_overlap(
    base_url: str, alice: User, overlap: timedelta, status: int
) -> None:
    key, former = key_of(alice)
    new = key.rotate(overlap)
    assert (ask(base_url, former).status_code, ask(base_url, new).status_code) == (status, 200)


def test_the_overlap_ends(base_url: str, alice: User) -> None:
    key, former = key_of(alice)
    new = key.rotate(timedelta(seconds=1))
    time.sleep(1)
    assert (ask(base_url, former).status_code, ask(base_url, new).status_code) == (401, 200)


def test_both_secrets_count_on_the_same_quota_and_in_the_same_books(base_url: str, alice: User) -> None:
    key, former = key_of(alice)
    Quota.objects.create(api_key=key, limit=2, unit=Quota.Unit.REQUESTS)
    new = key.rotate(HOUR)
    assert [ask(base_url, secret).status_code for secret in (former, new, former, new)] == [200, 200, 429, 429]
    assert set(Usage.objects.values_list("api_key", flat=True)) == {key.pk}


def test_of_two_rotations_in_a_row_the_last_two_secrets_open(alice: User) -> None:
    key, first = key_of(alice)
    second, third = key.rotate(HOUR), key.rotate(HOUR)
    opening = [bool(ApiKey.objects.for_digest(ApiKey.digest_of(secret))) for secret in (first, second, third)]
    assert opening == [False, True, True]


def test_a_rotation_of_a_key_that_somebody_else_rotated_meanwhile_keeps_theirs_open(alice: User) -> None:
    key, _ = key_of(alice)
    theirs = ApiKey.objects.get(pk=key.pk).rotate(HOUR)
    key.rotate(HOUR)
    assert ApiKey.objects.for_digest(ApiKey.digest_of(theirs))


@pytest.mark.parametrize("field", ["revoked_at", "expires_at"])
def test_what_has_ended_cannot_be_rotated_back_to_life(alice: User, field: str) -> None:
    key, _ = key_of(alice)
    ApiKey.objects.update(**{field: timezone.now()})
    with pytest.raises(KeyEnded):
        key.rotate(HOUR)


# --- revocation ---


def test_revoking_ends_both_secrets(base_url: str, alice: User) -> None:
    key, former = key_of(alice)
    new = key.rotate(HOUR)
    key.revoke()
    assert [ask(base_url, secret).status_code for secret in (former, new)] == [401, 401]


def test_a_second_revocation_does_not_move_the_first(alice: User) -> None:
    key, _ = key_of(alice)
    stale = ApiKey.objects.get(pk=key.pk)
    key.revoke()
    stale.revoke()
    assert stale.revoked_at == key.revoked_at


def test_another_process_refuses_a_revoked_key_within_five_seconds_and_ends_its_stream(
    aviary: Upstream, alice: User, fake_upstream: FakeUpstream
) -> None:
    key, secret = key_of(alice)
    fake_upstream.reply("piep " * 300, delay=0.02)
    headers = {"Authorization": f"Bearer {secret}"}
    with (
        as_process() as (address, _),
        httpx2.stream(
            "POST", f"{address}/v1/chat/completions", json=QUESTION | {"stream": True, "max_tokens": 500},
            headers=headers, timeout=20,
        ) as stream,
    ):  # fmt: skip
        lines = stream.iter_lines()
        next(lines)
        key.revoke()
        revoked = time.monotonic()
        asked = revoked
        while (status := httpx2.get(f"{address}/v1/models", headers=headers).status_code) == 200:
            assert asked - revoked < 5  # what was asked before may be answered yet
            time.sleep(0.1)
            asked = time.monotonic()
        told = list(lines)
        assert status == 401 and time.monotonic() - revoked < 5
        assert "data: [DONE]" not in told and "no longer active" in told[-2]


# --- last used ---


def noted(key: ApiKey) -> int:
    """How many rows were written for one use."""
    with CaptureQueriesContext(connection) as queries:
        key.note_use()
    return sum(query["sql"].startswith("UPDATE") for query in queries)


def test_a_use_is_noted(base_url: str, alice: User) -> None:
    key, secret = key_of(alice)
    ask(base_url, secret)
    key.refresh_from_db()
    assert key.last_used_at and timezone.now() - key.last_used_at < timedelta(minutes=1)


def test_within_a_minute_no_second_use_is_written_by_whoever_knows_of_the_first(alice: User) -> None:
    key, _ = key_of(alice)
    noted(key)
    first = ApiKey.objects.get().last_used_at
    assert noted(ApiKey.objects.get()) == 0
    key.note_use()  # which has not heard of it
    assert ApiKey.objects.get().last_used_at == first


def test_after_a_minute_it_is(alice: User) -> None:
    key, _ = key_of(alice)
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    key.note_use()
    last = ApiKey.objects.get().last_used_at
    assert last and timezone.now() - last < timedelta(minutes=1)


def test_a_call_does_not_wait_for_a_locked_key(base_url: str, alice: User) -> None:
    key, secret = key_of(alice)
    with transaction.atomic():
        ApiKey.objects.select_for_update().get(pk=key.pk)
        began = time.monotonic()
        assert ask(base_url, secret).status_code == 200
    assert time.monotonic() - began < 5


def test_what_cannot_be_noted_is_only_logged(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    key, secret = key_of(alice)
    with connection.execute_wrapper(broken), caplog.at_level(logging.WARNING):
        key.note_use()
    assert f"API key {key.pk} could not be noted" in caplog.text and secret not in caplog.text


def broken(execute: Any, sql: str, *rest: Any) -> Any:
    if sql.startswith("UPDATE"):
        raise OperationalError("the connection is lost")
    return execute(sql, *rest)
