"""How the upstreams are: rounds, pauses, recovery."""

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from gateway import health, rounds, states, upstreams
from gateway.exceptions import UpstreamUnreachable
from gateway.models import Deployment, Upstream
from gateway.tasks import probe_upstreams
from tests.fake_upstream import FakeUpstream

pytestmark = pytest.mark.django_db
Patch = pytest.MonkeyPatch
AWAY = "http://127.0.0.1:9/v1"


@pytest.fixture
def nest(fake_upstream: FakeUpstream) -> Upstream:
    return Upstream.objects.create(name="nest", base_url=fake_upstream.url, api_key="upstream-secret")


def after_a_round(upstream: Upstream) -> Upstream:
    probe_upstreams.apply(throw=True)
    upstream.refresh_from_db()
    return upstream


def test_a_round_asks_each_active_upstream_for_its_models(nest: Upstream, fake_upstream: FakeUpstream) -> None:
    Upstream.objects.create(name="off", base_url=fake_upstream.url, is_active=False)
    assert after_a_round(nest).probed_at
    [asked] = fake_upstream.requests
    assert (asked.path, asked.headers["authorization"]) == ("/v1/models", "Bearer upstream-secret")


def test_one_that_is_away_rests_and_since_when_is_known(nest: Upstream) -> None:
    Upstream.objects.update(base_url=AWAY)
    first = after_a_round(nest)
    assert (first.failures, first.failure) == (1, "upstream_unreachable") and health.is_cooling(first)
    since = first.failing_since
    Upstream.objects.update(cooling_until=timezone.now())
    assert after_a_round(nest).failing_since == since and nest.failures == 2


def test_one_that_answers_again_is_back_at_once(nest: Upstream) -> None:
    health.fail(nest.pk, "upstream_unreachable")
    back = after_a_round(nest)
    assert (back.failures, back.failure, back.failing_since, back.cooling_until) == (0, "", None, None)


def test_a_list_of_models_does_not_heal_calls_that_fail(nest: Upstream) -> None:
    health.fail(nest.pk, "upstream_timeout")
    assert after_a_round(nest).failures == 1
    health.recover(nest.pk)
    assert after_a_round(nest).failures == 0


def test_a_pause_doubles_with_each_failure_and_has_an_end(nest: Upstream) -> None:
    pauses = []
    for _ in range(9):
        health.fail(nest.pk, "upstream_error")
        nest.refresh_from_db()
        assert nest.cooling_until
        pauses.append(round((nest.cooling_until - timezone.now()).total_seconds()))
        Upstream.objects.update(cooling_until=timezone.now() - timedelta(seconds=1))
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.django_db(transaction=True)
def test_calls_that_fail_together_count_once(nest: Upstream) -> None:
    def fail() -> None:
        health.fail(nest.pk, "upstream_error")
        connection.close()

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    nest.refresh_from_db()
    assert nest.failures == 1


@pytest.mark.parametrize(("status", "failures"), [(404, 0), (405, 0), (429, 0), (503, 0), (401, 1), (500, 1), (302, 1)])
def test_what_an_answer_says_of_health(nest: Upstream, fake_upstream: FakeUpstream, status: int, failures: int) -> None:
    Deployment.objects.create(upstream=nest, name="parrot", model="parrot")
    fake_upstream.models_status = status
    assert after_a_round(nest).failures == failures
    fake_upstream.models_status = 200
    assert after_a_round(nest).failures == 0


@pytest.mark.parametrize(("status", "told"), [(401, "is the API key right?"), (502, "answers with errors")])
def test_a_key_is_blamed_where_it_was_refused_alone(
    nest: Upstream, fake_upstream: FakeUpstream, status: int, told: str
) -> None:
    fake_upstream.models_status = status
    assert told in states.told(after_a_round(nest))


@pytest.mark.django_db(transaction=True)
def test_a_round_that_changes_nothing_tells_nobody(nest: Upstream) -> None:
    Deployment.objects.create(upstream=nest, name="parrot", model="parrot")
    known = connection.get_connection_params()
    about = {key: known[key] for key in ("dbname", "host", "port", "user", "password") if key in known}
    with psycopg.connect(**about, autocommit=True) as listener:
        listener.execute("LISTEN gateway_changed")
        after_a_round(nest)
        assert list(listener.notifies(timeout=0.3)) == []
        Upstream.objects.update(in_house=True)
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1


def test_one_that_hangs_is_left_in_time(nest: Upstream, fake_upstream: FakeUpstream, monkeypatch: Patch) -> None:
    monkeypatch.setattr(rounds, "TIMEOUT", 0.3)
    fake_upstream.models_hang = True
    assert after_a_round(nest).failure == "upstream_unreachable"


def test_one_that_hangs_does_not_hold_up_the_others(
    nest: Upstream, fake_upstream: FakeUpstream, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(rounds, "TIMEOUT", 0.5)
    fake_upstream.models_hang = True
    away = Upstream.objects.create(name="away", base_url=AWAY)
    after_a_round(nest)
    away.refresh_from_db()
    assert nest.failures == away.failures == 1


def test_what_is_heard_from_a_former_address_says_nothing(nest: Upstream) -> None:
    Upstream.objects.filter(pk=nest.pk).update(base_url="http://moved.example.org/v1")
    rounds.conclude(nest, UpstreamUnreachable())
    nest.refresh_from_db()
    assert (nest.failures, nest.probed_at) == (0, None)


def test_the_embedded_server_is_not_asked_while_it_starts(fake_upstream: FakeUpstream) -> None:
    embedded = upstreams.register_embedded(fake_upstream.url, "key")
    upstreams.expect_embedded()
    Upstream.objects.update(base_url=AWAY)
    assert after_a_round(embedded).failures == 0
    upstreams.register_embedded(fake_upstream.url, "key")
    assert after_a_round(embedded).probed_at


def test_a_model_that_is_gone_is_marked_and_stays(nest: Upstream, fake_upstream: FakeUpstream) -> None:
    upstreams.discover(nest)
    fake_upstream.models = [{"id": "parrot"}]
    after_a_round(nest)
    assert [each.model for each in Deployment.objects.exclude(missing_since=None)] == ["bge-finch"]
    fake_upstream.models = [{"id": "parrot"}, {"id": "bge-finch:latest"}]
    after_a_round(nest)
    assert not Deployment.objects.exclude(missing_since=None).exists()


def test_nothing_is_marked_while_it_is_away(nest: Upstream) -> None:
    upstreams.discover(nest)
    Upstream.objects.update(base_url=AWAY)
    after_a_round(nest)
    assert not Deployment.objects.exclude(missing_since=None).exists()
