"""What several serving processes promise together, and what remains of one that is killed."""

import concurrent.futures
import signal
from datetime import timedelta

import httpx2
import pytest
from django.utils import timezone

from gateway import settling
from gateway.models import Call, Quota, Upstream, Usage
from tests.fake_upstream import FakeUpstream
from tests.gateway.serving import as_process

QUESTION = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}], "max_tokens": 20}


def test_a_quota_with_room_for_five_lets_five_of_fifty_pass(
    aviary: Upstream, fake_upstream: FakeUpstream, secret: str
) -> None:
    for number in range(5):
        fake_upstream.reply(f"Antwort Nummer {number}", delay=0.3)
    by_request = Quota.objects.create(limit=5, unit=Quota.Unit.REQUESTS)
    by_token = Quota.objects.create(limit=10_000)
    with as_process() as (one, _), as_process() as (two, _), concurrent.futures.ThreadPoolExecutor(50) as pool:
        addresses = [one, two] * 25
        asking = [pool.submit(ask, address, secret) for address in addresses]
        statuses = sorted(answer.result() for answer in asking)
    by_request.refresh_from_db()
    by_token.refresh_from_db()
    assert statuses == [200] * 5 + [429] * 45
    assert len(fake_upstream.calls) == 5
    assert (by_request.used, by_request.reserved) == (5, 0)
    assert by_token.used == 5 * 7 + sum(request.tokens_sent for request in fake_upstream.calls)
    assert (by_token.reserved, Usage.objects.count(), Call.objects.count()) == (0, 5, 0)


def test_however_often_two_processes_race_a_quota_holds(
    aviary: Upstream, fake_upstream: FakeUpstream, secret: str
) -> None:
    quota = Quota.objects.create(limit=3, unit=Quota.Unit.REQUESTS)
    with as_process() as (one, _), as_process() as (two, _), concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            Quota.objects.update(used=0)
            asking = [pool.submit(ask, address, secret) for address in [one, two] * 4]
            assert sorted(answer.result() for answer in asking) == [200] * 3 + [429] * 5
            quota.refresh_from_db()
            assert (quota.used, quota.reserved) == (3, 0)
    assert len(fake_upstream.calls) == Usage.objects.count() == 60


def ask(address: str, secret: str) -> int:
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx2.post(f"{address}/v1/chat/completions", json=QUESTION, headers=headers, timeout=60).status_code


def test_what_a_killed_process_held_is_settled_by_the_sweep(
    aviary: Upstream, fake_upstream: FakeUpstream, secret: str
) -> None:
    fake_upstream.reply("piep " * 500, delay=0.02)
    quota = Quota.objects.create(limit=10_000)
    http = httpx2.Client(headers={"Authorization": f"Bearer {secret}"})
    with (
        as_process() as (address, process),
        pytest.raises(httpx2.HTTPError),
        http.stream("POST", f"{address}/v1/chat/completions", json=QUESTION | {"stream": True}) as answer,
    ):
        for number, _ in enumerate(answer.iter_lines()):
            if number == 10:
                process.send_signal(signal.SIGKILL)
    quota.refresh_from_db()
    assert quota.reserved > 0
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at, 2)
    assert settling.sweep(timezone.now() + timedelta(minutes=5)) == 1
    quota.refresh_from_db()
    usage = Usage.objects.get()
    assert (quota.reserved, quota.used, usage.status) == (0, usage.input_tokens + usage.output_tokens, "aborted")
