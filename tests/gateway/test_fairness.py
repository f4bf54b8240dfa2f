"""One greedy caller and three people before a model that answers two at once."""

import concurrent.futures
import time

import httpx2
import pytest

from accounts.models import User
from gateway.models import ApiKey, Deployment, Usage
from tests.fake_upstream import FakeUpstream

BODY = {"model": "parrot", "messages": [{"role": "user", "content": "Piep?"}]}
ANSWER = 0.1  # seconds
GREEDY = 30
ASKED = 4  # by each of the people, one after another


@pytest.mark.parametrize("headers", [{"x-voliere-priority": "batch"}, {}], ids=["batch", "same rank"])
def test_people_do_not_wait_for_all_that_a_greedy_caller_queues(
    parrot: Deployment, fake_upstream: FakeUpstream, base_url: str, headers: dict[str, str]
) -> None:
    Deployment.objects.update(slots=2)
    for _ in range(GREEDY + 3 * ASKED):
        fake_upstream.reply("piep", delay=ANSWER)
    greedy, *people = [secret_of(name) for name in ("greedy", "alice", "bob", "charlie")]
    with concurrent.futures.ThreadPoolExecutor(GREEDY + 3) as pool:
        queued = [pool.submit(ask, base_url, greedy, headers) for _ in range(GREEDY)]
        fake_upstream.wait_for(lambda server: len(server.calls) >= 2)
        asking = [pool.submit(lambda key: [ask(base_url, key, {}) for _ in range(ASKED)], key) for key in people]
        waits = [wait for answers in asking for wait in answers.result()]
        still_queued = sum(not call.done() for call in queued)
        longest = max(call.result() for call in queued)
    assert max(waits) < longest / 2
    assert still_queued > 0  # so they did overtake
    assert Usage.objects.filter(status="done").count() == GREEDY + 3 * ASKED


def secret_of(name: str) -> str:
    return ApiKey.create(User.objects.create_user(f"{name}@birds.example.org"), "script")[1]


def ask(base_url: str, secret: str, headers: dict[str, str]) -> float:
    """Seconds until the answer."""
    began = time.monotonic()
    headers = headers | {"Authorization": f"Bearer {secret}"}
    httpx2.post(f"{base_url}/chat/completions", json=BODY, headers=headers, timeout=60).raise_for_status()
    return time.monotonic() - began
