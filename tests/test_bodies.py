"""A body that is too large is refused before it is on our disk."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2
import pytest
from django.conf import settings
from pytest_django import Settings

from config.asgi import application
from config.bodies import AROUND_A_FILE
from tests.conftest import UNKNOWN
from tests.gateway.serving import in_this_process

MIB = 2**20
EVERYWHERE = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
UPLOADS = [f"/knowledge/{UNKNOWN}/upload/", f"/c/{UNKNOWN}/files/"]


async def told(path: str, body: Iterable[bytes], **headers: str) -> tuple[int, str]:
    """What the whole application answers to a POST."""
    pieces, sent = iter(body), []

    async def receive() -> dict[str, Any]:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    lines = [
        (name.replace("_", "-").encode(), value.encode()) for name, value in {"host": "testserver", **headers}.items()
    ]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": lines}
    await application(scope, receive, send)
    return sent[0]["status"], sent[1]["body"].decode()


class Endless:
    """Counts how much of it was taken."""

    taken = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.taken += MIB
            yield b"x" * MIB


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nothing/here/", "/admin/login/"])
async def test_no_more_is_taken_than_the_limit(path: str) -> None:
    body = Endless()
    assert (await told(path, body))[0] == 413
    assert body.taken <= EVERYWHERE + MIB


@pytest.mark.parametrize("path", UPLOADS)
async def test_an_upload_may_be_larger(path: str, settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = 8 * MIB
    body = Endless()
    status, text = await told(path, body)
    assert (status, text) == (413, "This file is larger than 8 MB.\n")
    assert 8 * MIB + AROUND_A_FILE < body.taken <= 8 * MIB + AROUND_A_FILE + MIB


async def test_a_stated_length_that_is_too_large_is_refused_unread() -> None:
    body = Endless()
    assert (await told("/", body, content_length=str(EVERYWHERE + 1)))[0] == 413
    assert body.taken == 0


async def test_a_stated_length_that_is_not_true_helps_nobody() -> None:
    assert (await told("/", Endless(), content_length="10"))[0] == 413


async def test_nothing_is_taken_from_an_integrator_without_a_key() -> None:
    body = Endless()
    status, text = await told("/v1/chat/completions", body)
    assert (status, json.loads(text)["error"]["code"], body.taken) == (401, "invalid_api_key", 0)


async def test_a_script_and_a_german_reader_are_understood() -> None:
    assert json.loads((await told("/", Endless(), accept="application/json"))[1])["error"] == "request_too_large"
    assert "zu groß" in (await told("/", Endless(), accept_language="de"))[1]


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_client_that_sends_too_much_still_reads_why(is_chunked: bool) -> None:
    body = b"x" * (EVERYWHERE * 3)
    with in_this_process() as url:
        answer = httpx2.post(url, content=iter([body]) if is_chunked else body)
    assert (answer.status_code, answer.text) == (413, "The request is too large.\n")


def test_a_body_just_small_enough_reaches_its_view() -> None:
    with in_this_process() as url:
        assert httpx2.post(f"{url}/v1/chat/completions", content=b"x" * EVERYWHERE).status_code == 401


def test_caddy_lets_a_little_more_pass_than_we_do() -> None:
    caddyfile = (settings.BASE_DIR / "docker" / "Caddyfile").read_text()
    assert "max_size {$VOLIERE_UPLOAD_MAX_MB:100}.9MiB" in caddyfile and AROUND_A_FILE < 0.9 * MIB
