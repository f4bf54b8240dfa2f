"""Every refusal is an OpenAI error object with its status."""

import os
import socket
import time

import httpx2
import pytest
from starlette.testclient import TestClient

from inference.app import create_app
from inference.settings import Settings
from tests.inference.conftest import Server

CHAT = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "hello"}]


def refusal(answer: httpx2.Response) -> dict:
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"} and error["message"]
    return error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"nonsense", b"\xff\xfe", b'"text"', b"[" * 100_000])
def test_bad_json_is_refused(server: Server, body: bytes) -> None:
    answer = server.http.post(CHAT, content=body)
    assert answer.status_code == 400 and refusal(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": [1]}, "stream_options"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 3}, "temperature"),
        ({"n": 2}, "n"),
        ({"stop": [1]}, "stop"),
        ({"seed": 1e300}, "seed"),
        ({"model": "all-MiniLM-L6-v2"}, "model"),
    ],
)
def test_wrong_fields_are_named(server: Server, changes: dict, param: str) -> None:
    answer = server.http.post(CHAT, json={"model": "librarian", "messages": HELLO, **changes})
    assert answer.status_code == 400 and refusal(answer)["param"] == param


def test_an_unknown_model_is_404(server: Server) -> None:
    answer = server.http.post(CHAT, json={"model": "nobody", "messages": HELLO, "stream": True})
    assert answer.status_code == 404 and refusal(answer)["code"] == "model_not_found"
    assert refusal(server.http.get("/v1/models/no/body"))["code"] == "model_not_found"


def test_an_unknown_path_and_a_wrong_method_are_json_too(server: Server) -> None:
    assert [server.http.get("/nowhere").status_code, server.http.get(CHAT).status_code] == [404, 405]
    assert refusal(server.http.get("/nowhere")) and refusal(server.http.delete("/v1/embeddings"))


def test_a_body_over_20_mb_is_refused(server: Server) -> None:
    answer = server.http.post(CHAT, content=(b" " * 2**20 for _ in range(21)))
    assert answer.status_code == 413 and refusal(answer)["code"] == "request_too_large"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Bearer ä", "Basic a key of the tests"])
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/librarian"])
def test_the_key_is_required_everywhere(server: Server, path: str, header: str) -> None:
    answer = httpx2.get(f"{server.url}{path}", headers={b"Authorization": header.encode()})
    assert answer.status_code == 401 and refusal(answer)["code"] == "invalid_api_key"


def test_health_needs_no_key(server: Server) -> None:
    assert httpx2.get(f"{server.url}/healthz").json() == {"status": "ok", "waiting": 0}


@pytest.mark.parametrize("path", ["/healthz", "/v1/models", "/v1/models/librarian"])
def test_while_loading_callers_are_told_to_come_back(path: str) -> None:
    answer = TestClient(create_app(Settings())).get(path)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def test_a_caller_who_hangs_up_frees_the_queue(server: Server) -> None:
    text = '"' + "many words of a long chunk " * 60 + '",'
    body = f'{{"model": "all-MiniLM-L6-v2", "input": [{text * 400}"end"]}}'.encode()
    head = f"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {'a key of the tests'}\r\n"
    address = server.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert waiting_becomes(server, lambda waiting: waiting > 100)
    assert waiting_becomes(server, lambda waiting: waiting == 0)


def waiting_becomes(server: Server, wanted) -> bool:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if wanted(server.http.get("/healthz").json()["waiting"]):
            return True
        time.sleep(0.02)
    return False


def test_the_server_still_lives_after_all_this(server: Server) -> None:
    os.kill(server.process.pid, 0)
    assert server.http.post(CHAT, json={"model": "librarian", "messages": HELLO}).status_code == 200
