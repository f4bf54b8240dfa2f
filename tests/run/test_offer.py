"""The models of the embedded server are offered by themselves."""

import pytest

from config.tasks import register_inference
from gateway.models import Deployment
from tests.fake_upstream import Connection, FakeUpstream, Request, Script


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
