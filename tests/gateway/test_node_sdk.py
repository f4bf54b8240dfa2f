"""OpenAI's client for Node.js before our /v1."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.models import Call, Usage
from tests.fake_upstream import DEFAULT_TEXT, DIMENSIONS, FakeUpstream

FOLDER = Path(__file__).parent.parent / "node"


@pytest.fixture(scope="session")
def node() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("Node.js is not installed")
    installing = [npm, "ci", "--no-fund", "--no-audit", "--ignore-scripts"]
    found = subprocess.run(installing, cwd=FOLDER, capture_output=True, text=True, timeout=240, check=False)
    if found.returncode and not (FOLDER / "node_modules/openai").exists():
        pytest.skip(f"npm could not install the client: {found.stderr[-300:]}")
    return node


def test_it_finds_all_that_it_knows_from_openai(
    node: str, base_url: str, secret: str, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.fail(503)
    fake_upstream.reply()
    fake_upstream.reply("piep " * 400, delay=0.05)
    command = [node, "client.mjs", base_url, secret]
    found: dict[str, Any] = json.loads(subprocess.check_output(command, cwd=FOLDER, timeout=60))
    assert found["models"] == ["bge-finch", "parrot"]
    assert (found["whole"], found["streamed"]) == (DEFAULT_TEXT, {"text": DEFAULT_TEXT, "tokens": 5})
    assert found["responded"] == {"first": "response.created", "last": "response.completed"}
    assert found["embeddings"] == [DIMENSIONS, DIMENSIONS]
    assert found["unknown"] == {"kind": "NotFoundError", "status": 404, "code": "model_not_found", "has_id": True}
    assert found["foreign"] == {"kind": "AuthenticationError", "status": 401, "code": "invalid_api_key", "has_id": True}
    assert (found["retried"], found["left"]) == (DEFAULT_TEXT, True)
    fake_upstream.wait_for(lambda _: not Call.objects.exists())
    assert Usage.objects.filter(status="aborted", deployment__name="parrot").count() == 1
