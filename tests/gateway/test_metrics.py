"""What Prometheus is shown, and whom it is shown to."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.db import connection
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from accounts.models import User
from config.running.programs import shared_metrics
from gateway import metrics
from gateway.models import Deployment, Quota, Upstream, Usage
from tests.fake_upstream import FakeUpstream
from tests.gateway.serving import as_process

QUESTION: dict[str, Any] = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}], "max_tokens": 20}
Ask = Callable[..., int]


@pytest.fixture
def ask(base_url: str, secret: str) -> Ask:
    def ask(address: str = base_url, **fields: object) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx2.post(
            f"{address}/chat/completions", json=QUESTION | fields, headers=headers, timeout=30
        ).status_code

    return ask


def read(address: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = httpx2.get(f"{address.removesuffix('/v1')}/metrics", timeout=10)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


class Scrape:
    """What was counted since it was made."""

    def __init__(self, address: str) -> None:
        self.address, self.before = address, read(address)

    def __call__(self, name: str, **labels: str) -> float:
        key = f"voliere_{name}", frozenset(labels.items())
        return read(self.address).get(key, 0) - self.before.get(key, 0)


@pytest.fixture
def since(base_url: str) -> Scrape:
    return Scrape(base_url)


PARROT = {"model": "parrot", "purpose": "api"}


def test_calls_and_tokens_are_those_of_the_books(base_url: str, ask: Ask, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("eins zwei drei")
    assert (ask(), ask(stream=True)) == (200, 200)
    found = read(base_url)
    usages = list(Usage.objects.all())
    for suffix in ("_total", "_today"):
        assert found["voliere_calls" + suffix, frozenset(PARROT.items())] == len(usages) == 2
        for name in ("input_tokens", "output_tokens"):
            booked = sum(getattr(usage, name) for usage in usages)
            assert found[f"voliere_{name}{suffix}", frozenset(PARROT.items())] == booked > 0


def test_only_streams_tell_of_their_first_token(ask: Ask, since: Scrape, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("eins zwei", delay=0.15)
    assert (ask(stream=True), ask()) == (200, 200)
    assert since("call_duration_seconds_count", **PARROT, status="done") == 2
    assert since("call_first_token_seconds_count", **PARROT) == 1
    assert since("call_duration_seconds_bucket", **PARROT, status="done", le="0.25") == 1
    assert since("call_duration_seconds_sum", **PARROT, status="done") > 0.3
    assert since("call_wait_seconds_bucket", **PARROT, le="0.0") == 2


def test_one_failure_is_counted_once_where_a_quota_shuts_the_other_out(
    ask: Ask, since: Scrape, fake_upstream: FakeUpstream
) -> None:
    other = Upstream.objects.create(name="second", base_url=fake_upstream.url)
    second = Deployment.objects.create(upstream=other, name="parrot", model="parrot", priority=1)
    Quota.objects.create(deployment=second, limit=0, unit="requests", period="day")
    fake_upstream.fail(500)
    assert ask() == 502
    assert since("upstream_failures_total", upstream="aviary", code="upstream_error") == 1


def test_a_failing_upstream_is_counted_by_name_and_code(ask: Ask, since: Scrape, fake_upstream: FakeUpstream) -> None:
    fake_upstream.fail(500)
    assert ask() == 502
    assert since("upstream_failures_total", upstream="aviary", code="upstream_error") == 1
    assert since("call_errors_total", **PARROT, code="upstream_error") == 1
    assert since("failed_total", **PARROT) == 1
    assert since("api_answers_total", path="/v1/chat/completions", status="502") == 1
    assert since("upstream_cooling", upstream="aviary") == since("upstream_failures_in_a_row", upstream="aviary") == 1


@pytest.mark.parametrize(
    ("limit", "kind"),
    [
        ({"unit": "requests", "period": "month"}, "quota"),
        ({"unit": "requests", "period": "minute"}, "rate"),
    ],
)
def test_a_refusal_is_counted_by_its_kind(ask: Ask, since: Scrape, limit: dict[str, str], kind: str) -> None:
    Quota.objects.create(limit=0, **limit)
    assert ask() == 429
    assert since("call_refusals_total", **PARROT, kind=kind) == 1
    assert since("call_duration_seconds_count", **PARROT, status="failed") == 0


def test_a_full_line_is_a_refusal(ask: Ask, since: Scrape, parrot: Deployment) -> None:
    Deployment.objects.filter(pk=parrot.pk).update(slots=0, queue_limit=0)
    assert ask() == 503
    assert since("call_refusals_total", **PARROT, kind="line") == 1
    assert since("deployment_slots", model="parrot", upstream="aviary", served_as="parrot") == -16


def test_a_warning_is_counted_once(ask: Ask, since: Scrape) -> None:
    Quota.objects.create(limit=3, unit="requests", period="day", warn_at=50)
    assert [ask(), ask(), ask()] == [200, 200, 200]
    assert since("quota_warnings_total", unit="requests", period="day") == 1


def test_a_stream_under_way_is_seen_and_then_over(
    base_url: str, secret: str, since: Scrape, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.reply(stall_after=1)
    http = httpx2.Client(headers={"Authorization": f"Bearer {secret}"})
    with http.stream("POST", f"{base_url}/chat/completions", json=QUESTION | {"stream": True}) as answer:
        lines = answer.iter_lines()  # let go of, it would end the stream
        assert next(lines)
        busy = since("deployment_running", model="parrot", upstream="aviary", served_as="parrot")
        assert (since("streams"), since("calls_now", state="running"), busy) == (1, 1, 1)
    fake_upstream.wait_for(lambda _: Usage.objects.exists())
    assert (since("streams"), since("calls_now", state="running")) == (0, 0)
    assert since("call_duration_seconds_count", **PARROT, status="aborted") == 1


def test_made_up_addresses_make_no_series(base_url: str, since: Scrape) -> None:
    for number in range(3):
        httpx2.get(f"{base_url}/made-up/{number}")
    assert since("api_answers_total", path="other", status="404") == 3


def test_a_database_that_is_too_slow_takes_only_its_own_part(
    base_url: str, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> None:
    monkeypatch.setattr("config.metrics.PATIENCE", "1ms")
    monkeypatch.setattr("config.metrics._work", lambda: [connection.cursor().execute("SELECT pg_sleep(1)")])
    found = {name for name, _ in read(base_url)}
    assert "process_resident_memory_bytes" in found and "voliere_calls_now" not in found
    assert read(base_url)["voliere_database_up", frozenset()] == 0


def test_openmetrics_is_spoken_to_those_who_ask_for_it(base_url: str, ask: Ask) -> None:
    ask()
    address = f"{base_url.removesuffix('/v1')}/metrics"
    answer = httpx2.get(address, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert "voliere_calls" in {family.name for family in openmetrics(answer.text)}


# --- several processes -----------------------------------------------------------------------------------------------


def test_any_of_two_processes_tells_of_both(
    aviary: Upstream, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setenv("ALLOWED_HOSTS", "127.0.0.1")
    with as_process() as (one, _), as_process() as (two, _):
        assert [ask(f"{address}/v1") for address in (one, one, two)] == [200, 200, 200]
        for address in (one, two):
            found = read(address)
            assert found["voliere_calls_total", frozenset(PARROT.items())] == 3
            done = frozenset({**PARROT, "status": "done"}.items())
            assert found["voliere_call_duration_seconds_count", done] == 3


@pytest.mark.parametrize(("processes", "kept"), [("2", []), ("1", ["counter_7.db"])])
def test_several_processes_share_a_folder_that_is_empty_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: str, kept: list[str]
) -> None:
    monkeypatch.setenv("VOLIERE_WEB_PROCESSES", processes)
    (tmp_path / "counter_7.db").touch()
    variables = {} if processes == "1" else {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    assert shared_metrics(tmp_path) == variables
    assert [path.name for path in tmp_path.iterdir()] == kept


def test_the_streams_of_a_killed_process_are_over(
    aviary: Upstream, secret: str, fake_upstream: FakeUpstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    fake_upstream.reply(stall_after=1)
    http = httpx2.Client(headers={"Authorization": f"Bearer {secret}"})
    with (
        as_process() as (one, process),
        as_process() as (two, _),
        pytest.raises(httpx2.HTTPError),
        http.stream("POST", f"{one}/v1/chat/completions", json=QUESTION | {"stream": True}) as answer,
    ):
        next(lines := answer.iter_lines())
        assert read(two)["voliere_streams", frozenset()] == 1
        process.kill()
        process.wait(10)
        assert read(two)["voliere_streams", frozenset()] == 0
        list(lines)


# --- who may look ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_HOST": "testserver"},
    ],
)
def test_without_a_token_only_this_machine_sees_anything(client: Client, place: dict[str, str]) -> None:
    from_here = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:8000"}
    assert client.get("/metrics", **(from_here | place)).status_code == 404  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "status"),
    [("Bearer right", 200), ("Bearer wrong", 401), ("Bearer ", 401), ("right", 401), ("", 401), ("Bearer ä", 401)],
)
def test_a_token_opens_it_to_whoever_brings_it(
    db: None, client: Client, settings: Settings, given: str, status: int
) -> None:
    settings.METRICS_TOKEN = "right"
    answer = client.get("/metrics", headers={"Authorization": given}, REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == status
    assert (b"voliere_calls_now" in answer.content) == (status == 200)


def test_a_person_an_address_or_a_key_is_no_label(base_url: str, ask: Ask, alice: User, secret: str) -> None:
    ask()
    shown = json.dumps([(name, sorted(labels)) for name, labels in read(base_url)])
    assert "parrot" in shown
    for private in (alice.email, str(alice.pk), secret, Upstream.objects.get().base_url, "Piep"):
        assert private not in shown


def test_the_line_of_every_metric_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    names = {family.name for family in metrics.registry.collect()}
    assert names and {name for name in names if name not in page} == set()
