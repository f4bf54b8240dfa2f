"""What traces and logs tell of a call, and what they never do."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx2
import pytest
from django.conf import settings
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id

from accounts.models import User
from gateway import calls, completions, tracing
from gateway.callers import Caller
from gateway.calls import Wanted
from gateway.metering import Estimate
from gateway.models import Deployment, Purpose, Quota, Upstream, Usage
from tests.fake_upstream import FakeUpstream

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
QUESTION: dict[str, Any] = {"model": "parrot", "messages": [{"role": "user", "content": "Geheimnis der Dohlen"}]}
Post = Callable[..., httpx2.Response]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[ReadableSpan]]]:
    provider, kept = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    yield lambda: list(kept.get_finished_spans())
    provider.shutdown()


@pytest.fixture
def post(base_url: str, secret: str) -> Post:
    def post(path: str = "/chat/completions", headers: dict[str, str] | None = None, **fields: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {secret}"} | (headers or {})
        return httpx2.post(base_url + path, json=fields or QUESTION, headers=headers, timeout=30)

    return post


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_call_is_a_span_with_the_conventions_names(post: Post, spans: Callable[[], list[ReadableSpan]]) -> None:
    answer = post()
    [span] = spans()
    told = attributes_of(span)
    assert (span.name, span.kind, span.status.status_code) == ("chat parrot", SpanKind.CLIENT, StatusCode.UNSET)
    assert told.pop("voliere.request_id") == answer.headers["x-request-id"]
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aviary",
        "gen_ai.request.model": "parrot",
        "gen_ai.request.stream": False,
        "gen_ai.response.model": "parrot",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "voliere.usage.estimated": False,
        "voliere.purpose": "api",
        "voliere.status": "done",
        "voliere.queued_seconds": 0,
        "voliere.attempts": 1,
    }


def test_a_stream_tells_of_its_first_piece(post: Post, spans: Callable[[], list[ReadableSpan]]) -> None:
    post(**QUESTION, stream=True)
    told = attributes_of(spans()[0])
    assert told["gen_ai.request.stream"] is True and 0 <= told["gen_ai.response.time_to_first_chunk"] < 5


def test_embeddings_are_called_as_the_conventions_do(post: Post, spans: Callable[[], list[ReadableSpan]]) -> None:
    assert post("/embeddings", model="bge-finch", input="eins").status_code == 200
    assert spans()[0].name == "embeddings bge-finch"


def test_a_text_completion_is_called_as_the_conventions_do(post: Post, spans: Callable[[], list[ReadableSpan]]) -> None:
    assert post("/completions", model="parrot", prompt="Wann?").status_code == 200
    assert spans()[0].name == "text_completion parrot"


def test_a_call_that_is_refused_names_the_provider_that_was_not_asked(
    post: Post, spans: Callable[[], list[ReadableSpan]], parrot: Deployment
) -> None:
    Quota.objects.create(limit=0, unit="requests", period="day")
    assert post().status_code == 429
    assert attributes_of(spans()[0])["gen_ai.provider.name"] == "aviary"


async def test_a_fault_of_ours_is_no_caller_who_left(
    caller: Caller, parrot: Deployment, spans: Callable[[], list[ReadableSpan]]
) -> None:
    wanted = Wanted("parrot", parrot.kind, "chat", Purpose.API)
    with pytest.raises(ZeroDivisionError):
        async with calls.metered(caller, wanted, lambda deployments: Estimate(1, 1)):
            raise ZeroDivisionError
    assert (await Usage.objects.aget()).status == "failed"
    [span] = spans()
    assert (attributes_of(span)["error.type"], span.status.status_code) == ("gateway_error", StatusCode.ERROR)


def test_a_call_is_part_of_the_callers_trace_and_the_upstream_of_ours(
    post: Post, spans: Callable[[], list[ReadableSpan]], fake_upstream: FakeUpstream
) -> None:
    post(headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "finch=1", "baggage": "user=alice"})
    [span] = spans()
    assert span.context and span.parent and format_span_id(span.parent.span_id) == PARENT
    sent = fake_upstream.calls[-1].headers
    assert sent["traceparent"] == f"00-{TRACE}-{format_span_id(span.context.span_id)}-01"
    assert sent["tracestate"] == "finch=1" and "baggage" not in sent


def test_without_an_sdk_the_callers_trace_is_passed_on(post: Post, fake_upstream: FakeUpstream) -> None:
    post(headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    post(headers={"traceparent": "hostile"})
    *_, with_one, without = fake_upstream.calls
    assert with_one.headers["traceparent"] == f"00-{TRACE}-{PARENT}-01"
    assert "traceparent" not in without.headers


def test_a_second_attempt_is_told(
    post: Post, spans: Callable[[], list[ReadableSpan]], parrot: Deployment, fake_upstream: FakeUpstream
) -> None:
    other = Upstream.objects.create(name="second nest", base_url=fake_upstream.url)
    Deployment.objects.create(upstream=other, name="parrot", model="parakeet", priority=1)
    fake_upstream.fail(500)
    assert post().status_code == 200
    told = attributes_of(spans()[0])
    assert (told["voliere.attempts"], told["gen_ai.provider.name"]) == (2, "second nest")
    assert told["gen_ai.response.model"] == "parakeet"


async def test_a_question_of_the_pages_has_a_span_too(
    aviary: Upstream, caller: Caller, spans: Callable[[], list[ReadableSpan]]
) -> None:
    await completions.complete(caller, QUESTION, purpose=Purpose.CHAT)
    told = attributes_of(spans()[0])
    assert told["voliere.purpose"] == "chat" and "voliere.request_id" not in told


# --- logs ------------------------------------------------------------------------------------------------------------


class Lines(logging.Handler):
    """What would be written, by the format of the settings."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []
        self.addFilter(tracing.RequestIds())
        self.setFormatter(logging.Formatter(**_line_format()))

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record) + repr(vars(record)))


def _line_format() -> dict[str, Any]:
    line = settings.LOGGING["formatters"]["line"]
    return {"fmt": line["format"], "style": line["style"]}


@pytest.fixture
def lines() -> Iterator[list[str]]:
    root, lines = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    yield lines.said
    root.removeHandler(lines)
    root.setLevel(level)


def test_a_line_bears_the_id_that_the_caller_got(post: Post, lines: list[str], fake_upstream: FakeUpstream) -> None:
    fake_upstream.fail(500)
    ids = [post().headers["x-request-id"], post().headers["x-request-id"]]
    [line] = [line for line in lines if "Upstream aviary" in line]
    assert f"upstream_error (500) [{ids[0]}]" in line and ids[1] not in line


def test_a_line_without_a_request_is_as_ever() -> None:
    record = logging.makeLogRecord({"msg": "Piep"})
    tracing.RequestIds().filter(record)
    assert logging.Formatter(**_line_format()).format(record).endswith(": Piep")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("failure", ["refused", "broken", "unreachable", "none"])
def test_no_word_no_key_and_no_address_is_in_a_line_a_span_or_a_metric(
    post: Post, base_url: str, secret: str, alice: User, spans: Callable[[], list[ReadableSpan]], lines: list[str],
    fake_upstream: FakeUpstream, failure: str, stream: bool,
) -> None:  # fmt: skip
    if failure == "refused":
        fake_upstream.fail(500, "Geheimnis der Dohlen is not for upstream-secret")
    elif failure == "broken":
        fake_upstream.reply("Antwort der Dohlen", break_after=1)
        fake_upstream.send(b'data: {"choices": "Antwort der Dohlen"', content_type="text/event-stream")
    elif failure == "unreachable":
        Upstream.objects.update(base_url="http://127.0.0.1:9/v1")
    else:
        fake_upstream.reply("Antwort der Dohlen")
    post(**QUESTION, stream=stream)
    fake_upstream.wait_for(lambda _: Usage.objects.exists())
    metrics = httpx2.get(f"{base_url.removesuffix('/v1')}/metrics").text
    ours = [
        line for line in lines if not line.split(": ")[0].endswith(("httpcore2.http11", "httpx2"))
    ]  # the test's own
    told = "\n".join([*ours, *(span.to_json() for span in spans()), metrics])
    assert "parrot" in told and len(spans()) == 1
    private = (
        "Dohlen",
        secret,
        "upstream-secret",
        alice.email,
        fake_upstream.url,
        fake_upstream.url[7:-3],
        "127.0.0.1:9",
    )
    assert [words for words in private if words in told] == []


# --- sending ---------------------------------------------------------------------------------------------------------


class Collector(BaseHTTPRequestHandler):
    got: list[ExportTraceServiceRequest] = []

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(ExportTraceServiceRequest.FromString(raw))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


BEGIN_AND_END = """
import django
django.setup()
from gateway import tracing
tracing.begin("chat", "parrot", "aviary").end()
"""


def start(code: str = BEGIN_AND_END, **variables: str) -> str:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **variables}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True).stderr


def test_spans_go_to_the_collector_that_the_environment_names() -> None:
    collector = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    said = start(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}")
    collector.shutdown()
    collector.server_close()
    [resource] = Collector.got[0].resource_spans
    assert [span.name for span in resource.scope_spans[0].spans] == ["chat parrot"], said
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"] == "voliere"


def test_a_start_without_the_packages_says_so_and_goes_on() -> None:
    missing = (
        "import sys\nsys.modules['opentelemetry.sdk'] = None\n" + BEGIN_AND_END + "print('went on', file=sys.stderr)"
    )
    said = start(missing, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert "no traces are sent" in said and said.endswith("went on\n")


def test_no_sdk_is_loaded_unless_traces_are_sent_somewhere() -> None:
    loaded = (
        "import sys; print({'opentelemetry.sdk.trace', 'opentelemetry.exporter'} & {*sys.modules}, file=sys.stderr)"
    )
    assert start(BEGIN_AND_END + loaded) == "set()\n"
