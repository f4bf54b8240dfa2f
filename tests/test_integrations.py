"""Every example of docs/integrations.md does what it says, against a server on a real socket."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from django.conf import settings
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from accounts.models import User
from gateway.database import in_database
from gateway.models import ApiKey, Event, Webhook
from rag import uploads
from rag.models import Collection
from tests.fake_upstream import DEFAULT_TEXT
from tests.gateway.test_node_sdk import FOLDER, node
from tests.outside import names, outside
from tests.rag.api.conftest import address, models, worker
from tests.rag.files import uploaded
from tests.webhooks.conftest import Hooked, deliver, hooked, integrators

__all__ = ["address", "hooked", "integrators", "models", "names", "node", "outside", "worker"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("worker")]

PAGE = Path(settings.BASE_DIR, "docs/integrations.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
GARDEN = "The garden opens at nine."
SAYS = {
    "curl": ["parrot", DEFAULT_TEXT],
    "Python, with OpenAI's client": [DEFAULT_TEXT],
    "Python, without any client": [DEFAULT_TEXT],
    "JavaScript": [DEFAULT_TEXT, DEFAULT_TEXT],
    "An assistant that speaks MCP": [None, "garden.txt"],
    "To be told: webhooks": [None, None],  # below
    "n8n": [None],
    "Clients that know OpenAI's API": [None],
}


def blocks() -> dict[str, list[tuple[str, str]]]:
    sections = [section.partition("\n") for section in re.split(r"^## ", PAGE, flags=re.M)[1:]]
    return {title: BLOCK.findall(text) for title, _, text in sections if BLOCK.search(text)}


RUN = [
    pytest.param(*block, says, id=f"{title} {number}")
    for title, found in SAYS.items()
    for number, (block, says) in enumerate(zip(blocks()[title], found, strict=True))
    if says
]


@pytest.fixture
def environment(address: str, alice: User) -> dict[str, str]:
    collection = Collection.objects.create(owner=alice, name="Garden")
    uploads.accept(alice, collection, uploaded(GARDEN, name="garden.txt"))
    return {"VOLIERE_URL": address.removesuffix("/v1"), "VOLIERE_KEY": ApiKey.create(alice, "script")[1]}


def filled(text: str, environment: dict[str, str]) -> str:
    for name, value in environment.items():
        text = re.sub(rf"\$\{{{name}\}}|\{{\{{ \$env\.{name} \}}\}}", value, text)
    return text


def run(language: str, code: str, environment: dict[str, str]) -> str:
    commands = {
        "sh": ["bash", "-ec", code],
        "python": [sys.executable, "-c", code],
        "js": [shutil.which("node") or "node", "--input-type=module", "-e", code],
    }
    process = subprocess.run(
        commands[language], cwd=FOLDER, env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_every_example_is_known_here() -> None:
    assert {title: len(found) for title, found in blocks().items()} == {
        title: len(said) for title, said in SAYS.items()
    }


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(("language", "code", "says"), RUN)
def test_an_example_runs(language: str, code: str, says: str, environment: dict[str, str]) -> None:
    assert says in run(language, code, environment)


def test_what_n8n_would_send_is_answered(environment: dict[str, str]) -> None:
    [(_, text)] = blocks()["n8n"]
    workflow = json.loads(text)
    nodes = {node["name"]: node for node in workflow["nodes"]}
    [[to]] = workflow["connections"]["Start"]["main"]
    asked = nodes[to["node"]]["parameters"]
    assert nodes[to["node"]]["type"] == "n8n-nodes-base.httpRequest"

    def evaluated(value: str) -> str:
        """An expression begins with =; nothing in it is left over."""
        found = filled(value.removeprefix("="), environment)
        assert "{{" not in found and value.startswith("=")
        return found

    headers = {each["name"]: evaluated(each["value"]) for each in asked["headerParameters"]["parameters"]}
    body = json.loads(asked["jsonBody"])
    answer = httpx2.request(asked["method"], evaluated(asked["url"]), headers=headers, json=body)
    assert answer.json()["choices"][0]["message"]["content"] == DEFAULT_TEXT


def test_what_is_set_in_other_clients_is_right(environment: dict[str, str]) -> None:
    [(_, text)] = blocks()["Clients that know OpenAI's API"]
    known = dict(line.split("=", 1) for line in filled(text, environment).splitlines())
    client = openai.OpenAI(base_url=known["OPENAI_API_BASE_URL"], api_key=known["OPENAI_API_KEY"])
    assert "parrot" in [model.id for model in client.models.list()]
    pieces = client.chat.completions.create(model="parrot", messages=[{"role": "user", "content": "Hi"}], stream=True)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == DEFAULT_TEXT


async def test_the_file_of_an_mcp_client_is_right(address: str, alice: User) -> None:
    secret = (await in_database(ApiKey.create, alice, "assistant"))[1]
    about = {"VOLIERE_URL": address.removesuffix("/v1"), "VOLIERE_KEY": secret}
    server: dict[str, Any] = json.loads(filled(blocks()["An assistant that speaks MCP"][0][1], about))
    known = server["mcpServers"]["voliere"]
    http = httpx2.AsyncClient(headers=known["headers"])
    async with http, Client(streamable_http_client(known["url"], http_client=http)) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "fetch"]


@pytest.mark.parametrize("number", [0, 1], ids=["python", "js"])
def test_a_receiver_checks_the_signature(
    environment: dict[str, str],
    hooked: Hooked,
    alice: User,
    outside: Any,
    number: int,
) -> None:
    webhook = hooked(alice, Event.DOCUMENT_READY)
    uploads.accept(alice, Collection.objects.create(owner=alice, name="More"), uploaded(GARDEN))
    deliver()
    [(_, _, headers, body)] = outside.asked
    language, code = blocks()["To be told: webhooks"][number]
    received = f"{code}\nreceive({json.dumps(headers)}, {json.dumps(body.decode())})"

    def run_with(secret: str) -> str:
        return run(language, received, {"VOLIERE_WEBHOOK_SECRET": secret})

    assert run_with(webhook.secret).startswith("document.ready ")
    with pytest.raises(AssertionError, match=r"not signed|No matching signature"):
        run_with(Webhook._drawn())
