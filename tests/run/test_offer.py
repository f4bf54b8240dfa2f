"""The models of the embedded server are offered by themselves, other servers of this machine to the admin."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command

from config.running import preparation
from config.tasks import register_inference
from gateway import neighbours
from gateway.models import Deployment, Upstream
from tests.fake_upstream import Connection, FakeUpstream, Request, Script
from tests.gateway import dialects
from tests.gateway.dialects import Server


class Stumbling(FakeUpstream):
    """Goes away once between saying that it is there and naming its models."""

    stumbles = 1

    def _script(self, request: Request) -> Script:
        if not (self.stumbles and request.path.endswith("/models")):
            return super()._script(request)
        self.stumbles = 0
        return self._vanish

    async def _vanish(self, connection: Connection) -> None:
        raise ConnectionAbortedError


@pytest.mark.django_db
def test_a_server_that_stumbles_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with Stumbling() as server:
        monkeypatch.setenv("VOLIERE_INFERENCE_URL", server.url)
        register_inference.apply()
    assert server.stumbles == 0
    assert Deployment.objects.filter(upstream__is_embedded=True).exists()


@pytest.fixture
def next_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with dialects.vllm() as server:
        monkeypatch.setattr(neighbours, "PORTS", {int(server.url.split(":")[2].removesuffix("/v1")): "vLLM"})
        yield server


def findservers() -> str:
    out = StringIO()
    call_command("findservers", stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_what_is_found_comes_with_the_command_that_adds_it(next_door: Server) -> None:
    assert f"addupstream vLLM {next_door.url}\n" in findservers()
    assert not Upstream.objects.exists()
    call_command("addupstream", "vLLM", next_door.url, stdout=StringIO())
    assert "Found none" in findservers()


@pytest.mark.django_db
def test_a_name_in_a_list_cannot_write_to_the_terminal(next_door: Server) -> None:
    next_door.models = [{"id": "\x1b[2Jparrot", "owned_by": "vllm"}, {"id": "wren", "owned_by": "vllm"}]
    assert "\x1b" not in findservers()


@pytest.mark.django_db(transaction=True)
def test_the_first_start_tells_of_them_and_no_other(next_door: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "collect_static", lambda: None)
    monkeypatch.delenv("VOLIERE_INFERENCE_URL", raising=False)
    assert "Qwen/Qwen3-8B" in preparation.prepare().servers[0]
    Upstream.objects.create(name="gpu", base_url="http://gpu.example.org/v1")
    assert preparation.prepare().servers == []
