"""/v1/audio/transcriptions: a recording there, its words back."""

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai
import pytest
from pytest_django import Settings

from gateway import requests
from gateway.models import ApiKey, Deployment, Quota, Upstream, Usage
from tests.fake_upstream import DEFAULT_TEXT, FakeUpstream
from tests.run.instance import eventually

SPEECH = bytes(range(256)) * 1000
SRT = "1\n00:00:00,000 --> 00:00:02,000\nThe aviary opens – at nine.\n"


@pytest.fixture
def ear(aviary: Upstream) -> Deployment:
    return Deployment.objects.create(upstream=aviary, name="ear", model="whisper-owl", kind="transcription")


@pytest.fixture
def sdk(base_url: str, secret: str, ear: Deployment) -> openai.OpenAI:
    return openai.OpenAI(base_url=base_url, api_key=secret, max_retries=0)


@pytest.fixture
def http(base_url: str, secret: str, ear: Deployment) -> httpx2.Client:
    return httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {secret}"})


def told(http: httpx2.Client, file: bytes = SPEECH, **fields: Any) -> httpx2.Response:
    return http.post("/audio/transcriptions", data={"model": "ear", **fields}, files={"file": ("x.wav", file)})


def test_the_sdk_gets_the_words(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    answer = sdk.audio.transcriptions.create(
        model="ear", file=("Müller & Söhne.mp3", SPEECH), language="de", prompt="Voliere", temperature=0.2
    )
    assert answer.text == DEFAULT_TEXT
    asked = fake_upstream.calls[0].body
    assert asked.pop("file") == SPEECH
    about = {"language": "de", "prompt": "Voliere", "temperature": "0.2", "response_format": "json"}
    assert asked.items() <= {"model": "whisper-owl", "filename": "recording.mp3", **about}.items()


def test_the_sdk_gets_words_with_times(sdk: openai.OpenAI, fake_upstream: FakeUpstream) -> None:
    words = [{"word": "The", "start": 0.0, "end": 0.2}]
    content = {"text": "The", "language": "en", "duration": 0.2, "words": words}
    fake_upstream.send(json.dumps(content).encode(), content_type="application/json")
    answer = sdk.audio.transcriptions.create(
        model="ear", file=SPEECH, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert answer.words and answer.words[0].end == 0.2
    assert fake_upstream.calls[0].body["timestamp_granularities[]"] == ["word", "segment"]


@pytest.mark.parametrize("response_format", ["srt", "vtt", "text"])
def test_the_sdk_gets_plain_text(sdk: openai.OpenAI, fake_upstream: FakeUpstream, response_format: Any) -> None:
    fake_upstream.send(SRT.encode(), content_type="text/plain; charset=utf-8")
    answer: object = sdk.audio.transcriptions.create(model="ear", file=SPEECH, response_format=response_format)
    assert answer == SRT
    usage = Usage.objects.get()
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (160, 16, True)


def test_a_text_that_is_written_as_json_is_taken_out(http: httpx2.Client) -> None:
    assert told(http, response_format="text").text == DEFAULT_TEXT


def test_a_large_recording_is_sent_on_whole(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    speech = SPEECH * 50
    assert told(http, speech).status_code == 200
    assert fake_upstream.calls[0].body["file"] == speech


def test_it_is_counted_once(http: httpx2.Client) -> None:
    tokens, number = Quota.objects.create(limit=10_000), Quota.objects.create(limit=10, unit="requests")
    told(http)
    tokens.refresh_from_db()
    number.refresh_from_db()
    assert (tokens.used, tokens.reserved, number.used, number.reserved) == (25, 0, 1, 0)
    assert not Usage.objects.get().estimated


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"type": "duration", "seconds": 12.5}, (125, 0, False)),
        ({"total_tokens": 30}, (30, 0, False)),
        ({"input_tokens": 0, "output_tokens": 0}, (0, 0, False)),
        ({"type": "duration", "seconds": -1}, (160, 1, True)),
        ({"input_tokens": "many", "output_tokens": True}, (160, 1, True)),
        (None, (160, 1, True)),
    ],
)
def test_what_servers_count_is_understood(
    http: httpx2.Client, fake_upstream: FakeUpstream, usage: object, expected: object
) -> None:
    fake_upstream.send(json.dumps({"text": "nine", "usage": usage}).encode(), content_type="application/json")
    assert told(http).status_code == 200
    row = Usage.objects.get()
    assert (row.input_tokens, row.output_tokens, row.estimated) == expected


@pytest.mark.parametrize(
    ("raw", "content_type", "response_format"),
    [
        (b"nine o'clock", "text/plain", "json"),
        (b'"nine"', "application/json", "verbose_json"),
        (b'{"text": 9}', "application/json", "json"),
        (b"[]", "application/json", "json"),
        (b"\xff\xfe", "text/plain", "text"),
        (b"<html>Sign in</html>", "text/html", "text"),
        (b'{"text": "nine"}', "application/json", "srt"),
    ],
)
def test_an_answer_that_is_none_is_refused(
    http: httpx2.Client, fake_upstream: FakeUpstream, raw: bytes, content_type: str, response_format: str
) -> None:
    fake_upstream.send(raw, content_type=content_type)
    answer = told(http, response_format=response_format)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_broken")
    assert Usage.objects.get().status == "failed"


def test_another_server_gets_the_whole_recording_when_one_fails(
    http: httpx2.Client, fake_upstream: FakeUpstream, ear: Deployment
) -> None:
    Deployment.objects.create(upstream=ear.upstream, name="ear", model="whisper-jay", kind="transcription")
    fake_upstream.fail(500)
    assert told(http).json()["text"] == DEFAULT_TEXT
    assert {call.body["model"] for call in fake_upstream.calls} == {"whisper-owl", "whisper-jay"}
    assert [call.body["file"] for call in fake_upstream.calls] == [SPEECH, SPEECH]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"response_format": "midi"}, "response_format"),
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"timestamp_granularities[]": ["letter"]}, "timestamp_granularities[]"),
        ({"stream": "true"}, "stream"),
        ({"language": "x" * 36}, "language"),
    ],
)
def test_a_wrong_field_is_named(http: httpx2.Client, fields: dict[str, Any], param: str) -> None:
    answer = told(http, **fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not Usage.objects.exists()


def test_other_fields_are_left_out() -> None:
    form = {"model": "ear", "api_base": "x", "language": "", "prompt": "a\0b", "stream": "false"}
    assert requests.transcription(form) == {"model": "ear", "prompt": "a\0b"}


@pytest.mark.parametrize("files", [{}, {"other": ("x.wav", SPEECH)}, {"file": ("x.wav", b"")}])
def test_without_a_recording_there_is_nothing_to_do(http: httpx2.Client, files: Any) -> None:
    parts = {"model": (None, "ear"), **files}
    answer = http.post("/audio/transcriptions", files=parts)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"model": "ear"}'),
        ("", b"x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=ü", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"x" * 100_000),
        ("multipart/form-data; boundary=b", b""),
    ],
)
def test_what_is_no_form_is_refused(http: httpx2.Client, content_type: str, body: bytes) -> None:
    answer = http.post("/audio/transcriptions", content=body, headers={"content-type": content_type.encode("latin-1")})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_form_without_its_end_has_no_file(http: httpx2.Client) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
    body = head % (b"model", b"") + b"ear\r\n" + head % (b"file", b'; filename="x.wav"') + SPEECH
    answer = http.post(
        "/audio/transcriptions", content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.json()["error"]["param"] == "file"


@pytest.mark.parametrize("is_chunked", [True, False])
def test_no_more_is_taken_than_the_limit(http: httpx2.Client, settings: Settings, is_chunked: bool) -> None:
    settings.UPLOAD_MAX_BYTES = 2**20
    assert told(http, b"x" * 2**20).status_code == 200
    request = http.build_request("POST", "/audio/transcriptions", files={"file": ("x.wav", b"x" * 2**21)})
    content = request.read()
    kept = {"content-type": request.headers["content-type"]}
    answer = http.post("/audio/transcriptions", content=iter([content]) if is_chunked else content, headers=kept)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def begun(http: httpx2.Client) -> socket.socket:
    """An upload of which more is to come."""
    head = "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: localhost\r\n"
    head += f"authorization: {http.headers['authorization']}\r\n"
    head += "content-length: 999999\r\ncontent-type: multipart/form-data; boundary=b\r\n\r\n"
    part = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.wav"\r\n\r\n'
    address = urlsplit(str(http.base_url))
    connection = socket.create_connection((address.hostname, address.port), timeout=10)
    connection.sendall((head + part).encode() + SPEECH)
    return connection


def test_files_that_take_their_time_keep_nobody_else_waiting(http: httpx2.Client) -> None:
    with contextlib.ExitStack() as slow:
        for _ in range(2 * (os.cpu_count() or 1) + 8):  # more than there are threads for all other work
            slow.enter_context(begun(http))
        assert http.post("/embeddings", json={"model": "nobody", "input": "x"}, timeout=10).status_code == 404


def test_a_key_that_is_not_for_it_is_told_so_before_the_recording_is_there(http: httpx2.Client) -> None:
    ApiKey.objects.update(scopes=["chat"])
    with begun(http) as connection:
        assert b"scope_missing" in connection.recv(4096)


def test_who_leaves_within_an_upload_leaves_nothing_behind(
    http: httpx2.Client, tmp_path: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    begun(http).close()
    assert told(http).status_code == 200
    assert Usage.objects.count() == 1 and eventually(lambda: not list(tmp_path.iterdir()), 10)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_who_leaves_while_waiting_for_the_words_stops_the_server(
    http: httpx2.Client, fake_upstream: FakeUpstream
) -> None:
    fake_upstream.hang()
    with pytest.raises(httpx2.ReadTimeout):
        http.post("/audio/transcriptions", data={"model": "ear"}, files={"file": ("x.wav", SPEECH)}, timeout=1)
    fake_upstream.wait_for(lambda server: server.calls[0].disconnected_at)
    fake_upstream.wait_for(lambda server: Usage.objects.exists())
    assert Usage.objects.get().status == "aborted"


def test_a_key_that_is_not_for_it_transcribes_nothing(http: httpx2.Client) -> None:
    ApiKey.objects.update(scopes=["chat", "embeddings"])
    assert told(http).json()["error"]["code"] == "scope_missing"


def test_a_chat_model_hears_nothing(http: httpx2.Client) -> None:
    assert told(http, model="parrot").status_code == 404
