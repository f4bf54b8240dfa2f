"""Trying out a server and a model from the panel: a real call, and what came back in words."""

import socket
import threading

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from gateway.models import Deployment, Quota, Upstream, Usage
from tests.conftest import client_of
from tests.fake_upstream import FakeUpstream
from tests.gateway.test_admin import form, page_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def panel(transactional_db: None) -> Client:
    return client_of(User.objects.create_superuser("root@example.org"))


@pytest.fixture
def parrot(fake_upstream: FakeUpstream) -> Deployment:
    nest = Upstream.objects.create(name="nest", base_url=fake_upstream.url)
    return Deployment.objects.create(upstream=nest, name="parrot", model="parrot")


def tried(panel: Client, deployment: Deployment, query: str = "", **values: str) -> str:
    fixed = {
        "name": deployment.name, "upstream": str(deployment.upstream_id), "model": deployment.model,
        "kind": deployment.kind, "is_active": "on", "defaults": "{}", "slots": "4", "queue_limit": "10",
        "priority": "0", "weight": "1", "input_price": "0", "output_price": "0", "gateway_deployment_try_out": "1",
    }  # fmt: skip
    address = reverse("admin:gateway_deployment_change", args=[deployment.pk])
    return text_of(panel, address + query, {name: str(value) for name, value in (fixed | values).items()})


def test_a_model_is_asked_and_its_answer_shown(panel: Client, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("A house for <birds>.")
    page = tried(panel, parrot)
    assert "parrot answered after" in page and "A house for &lt;birds&gt;." in page
    [request] = fake_upstream.requests
    assert request.body["max_tokens"] == 64
    assert Usage.objects.get().model == "parrot"  # it is in the books like any other call


def test_no_row_stays_locked_while_a_server_is_asked(panel: Client, parrot: Deployment) -> None:
    nest, said = parrot.upstream, list[str]()

    def press() -> None:
        said.append(text_of(panel, page_of(nest), form(nest, base_url=url, gateway_upstream_test="1")))
        connections.close_all()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(20)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        pressed = threading.Thread(target=press)
        pressed.start()
        asked, _address = silent.accept()
        with transaction.atomic():
            assert Upstream.objects.select_for_update(nowait=True).get().base_url == url
        asked.close()
        pressed.join()
    assert "No luck" in said[0]


def test_a_failure_is_told_in_words(panel: Client, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    fake_upstream.fail(500, "model requires <more> memory")
    page = tried(panel, parrot)
    assert "parrot failed after" in page and "It says: model requires &lt;more&gt; memory" in page


def test_no_other_answers_in_its_stead(panel: Client, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    away = Upstream.objects.create(name="away", base_url="http://127.0.0.1:9/v1")
    finch = Deployment.objects.create(upstream=away, name="parrot", model="parrot", fallback=None)
    Deployment.objects.create(upstream=parrot.upstream, name="wren", model="wren")
    page = tried(panel, finch)
    assert "parrot failed after" in page and fake_upstream.requests == []
    page = tried(panel, finch, fallback=str(Deployment.objects.get(name="wren").pk))
    assert "parrot failed after" in page and fake_upstream.requests == []


def test_an_embedding_model_gives_a_vector(panel: Client, parrot: Deployment) -> None:
    finch = Deployment.objects.create(upstream=parrot.upstream, name="bge", model="bge-finch", kind="embedding")
    assert "a vector of 32 numbers" in tried(panel, finch)


def test_what_cannot_be_asked_here_says_so(panel: Client, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    ear = Deployment.objects.create(upstream=parrot.upstream, name="ear", model="ear", kind="transcription")
    assert "can be asked here" in tried(panel, ear)
    assert "switched off, or offered to teams" in tried(panel, parrot, is_active="")
    team = Team.objects.create(name="Vorstand")
    assert "switched off, or offered to teams" in tried(panel, Deployment.objects.get(pk=parrot.pk), teams=str(team.pk))
    assert fake_upstream.requests == []


def test_a_quota_counts_for_trials_too(panel: Client, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    Quota.objects.create(limit=0, unit="requests")
    assert "This would exceed a quota" in tried(panel, parrot) and fake_upstream.requests == []


def test_a_quota_that_is_too_small_for_an_answer_says_what_is_left(panel: Client, parrot: Deployment) -> None:
    Quota.objects.create(limit=30, unit="tokens")
    assert "30 tokens left." in tried(panel, parrot)


def test_testing_a_server_asks_its_first_model(panel: Client, parrot: Deployment, fake_upstream: FakeUpstream) -> None:
    fake_upstream.reply("A house for birds.")
    nest = parrot.upstream
    page = text_of(panel, page_of(nest), form(nest, gateway_upstream_test="1"))
    assert "parrot, bge-finch" in page and "A house for birds." in page
    assert "Save and test" in page  # one stays where one tried


def test_from_the_first_steps_one_goes_back_to_them(panel: Client, parrot: Deployment) -> None:
    assert "First steps" in tried(panel, parrot, "?first-steps")


@pytest.mark.parametrize(
    "said", [b"null", b"[]", b'{"choices": [{"message": null}]}', b'{"choices": [{"message": {"content": 7}}]}']
)
def test_whatever_comes_back_breaks_nothing(
    panel: Client, parrot: Deployment, fake_upstream: FakeUpstream, said: bytes
) -> None:
    fake_upstream.send(said, content_type="application/json")
    page = tried(panel, parrot)
    assert "parrot failed after" in page or "an empty answer" in page
