"""What each kind of server tells of its models, and what a hostile one cannot do."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway import discovery, neighbours, probing, relay, upstreams
from gateway.discovery import Found
from gateway.exceptions import UpstreamBroken, UpstreamError, UpstreamTimeout, UpstreamUnreachable
from gateway.models import Deployment, Upstream
from tests.fake_upstream import FakeUpstream, Request, Script
from tests.gateway import dialects
from tests.gateway.dialects import Server


def look(server: FakeUpstream, seconds: float = 5, key: str = "") -> Found:
    return discovery.look(Upstream(name="nest", base_url=server.url, api_key=key), seconds)


@pytest.mark.parametrize(
    ("kind", "software", "told"),
    [
        (dialects.vllm, "vLLM 0.11.2", {"context_length": 32768, "has_responses": True}),
        (dialects.old_vllm, "vLLM 0.9.1", {"context_length": 4096, "has_responses": False}),
        (dialects.sglang, "SGLang 0.5.2", {"context_length": 8192, "slots": 24, "kind": "embedding"}),
        (dialects.new_sglang, "SGLang 0.5.9", {"context_length": 65536, "slots": 48, "kind": "chat"}),
        (dialects.llamacpp, "llama.cpp b6500-abc", {"context_length": 16384, "slots": 4, "has_responses": False}),
        (dialects.lmstudio, "LM Studio", {"context_length": 8192, "kind": "chat", "has_responses": True}),
        (dialects.tgi, "Text Generation Inference 3.3.4", {"context_length": 8192, "slots": 128, "kind": "chat"}),
        (dialects.tei, "Text Embeddings Inference 1.8.0", {"context_length": 512, "kind": "rerank"}),
        (
            dialects.ollama,
            "Ollama 0.13.5",
            {
                "context_length": 8192,
                "kind": "chat",
                "licence": "MIT License",
                "quantisation": "Q4_K_M",
                "has_responses": True,
            },
        ),
    ],
)
def test_each_kind_of_server_tells_what_it_knows(
    kind: Callable[[], Server], software: str, told: dict[str, object]
) -> None:
    with kind() as server:
        found = look(server)
    assert found.software == software
    assert {name: getattr(found.models[0], name) for name in told} == told


def test_ollama_knows_what_embeds_and_how_it_was_loaded() -> None:
    with dialects.ollama() as server:
        finch = look(server).models[1]
    assert (finch.kind, finch.context_length, finch.licence) == ("embedding", 256, "apache-2.0")


@pytest.mark.django_db
def test_a_model_that_answers_elsewhere_is_switched_off_until_an_admin_wants_it() -> None:
    with dialects.ollama() as server:
        upstreams.discover(Upstream.objects.create(name="nest", base_url=server.url))
    assert [each.model for each in Deployment.objects.filter(is_active=False)] == ["swift:cloud"]


@pytest.mark.django_db
def test_what_is_told_is_kept_with_the_deployment() -> None:
    with dialects.llamacpp() as server:
        [parrot] = upstreams.discover(Upstream.objects.create(name="nest", base_url=server.url))
    assert (parrot.slots, parrot.context_length, parrot.has_responses) == (4, 16384, False)


def test_any_other_server_is_one_without_a_name() -> None:
    with Server({}, {"id": "parrot"}) as server:
        found = look(server)
    assert (found.software, [model.id for model in found.models]) == ("", ["parrot"])


def test_a_server_that_calls_every_question_wrong_speaks_no_responses_by_that() -> None:
    with Server({"POST /v1/responses": 400}, {"id": "parrot"}) as server:
        assert not look(server).models[0].has_responses


NONSENSE: list[Any] = [[], None, 7, "x", {"data": 7}, {"data": [None, 7, {"id": []}]}, {"models": [None]}]
WRONG = {
    "model_id": "x",
    "max_concurrent_requests": -1,
    "max_total_tokens": 10**30,
    "version": "\x00\ud800" * 99,
    "models": [{"model": ["x"]}],
    "model_info": {"general.architecture": ["x"], "general.license": 7},
    "capabilities": {"completion": 1},
    "parameters": "num_ctx 999999999",
    "license": [1],
    "details": [],
    "default_generation_settings": {"n_ctx": True},
    "total_slots": "4",
    "internal_states": [7, {"max_running_requests": -5}],
    "context_length": 2**31,
    "data": [{"id": "parrot", "type": [], "max_context_length": -1, "quantization": {}}],
}
PATHS = ["/version", "/api/version", "/api/ps", "/api/v0/models", "/props", "/info"]
PATHS += ["/model_info", "/server_info", "/get_model_info", "/get_server_info"]


@pytest.mark.django_db
@pytest.mark.parametrize("owner", ["vllm", "sglang", "llamacpp", "library", ["x"], None])
@pytest.mark.parametrize("answer", [*NONSENSE, WRONG, {**WRONG, "version": "1"}])
def test_nonsense_beside_the_list_breaks_nothing(owner: object, answer: object) -> None:
    answers = {f"GET {path}": answer for path in PATHS} | {"POST /api/show": answer}
    with Server(answers, {"id": "parrot", "owned_by": owner, "max_model_len": "long"}) as server:
        [parrot] = upstreams.discover(Upstream.objects.create(name="nest", base_url=server.url))
    assert parrot.context_length in (None, 999999999) and parrot.slots == 16


class Blunt(FakeUpstream):
    """Sends the same bytes to whatever is asked beside the list, or keeps silent."""

    answer: bytes | None = None  # silence

    def _script(self, request: Request) -> Script:
        if request.path == "/v1/models":
            return super()._script(request)
        self.hang() if self.answer is None else self.send(self.answer, content_type="application/json")
        return self._scripts.popleft()


@pytest.mark.parametrize("answer", [b"[" * 100_000, b"{", b"\xff\xfe", b"9" * 5000, b" " * 3_000_000])
def test_unreadable_answers_break_nothing(answer: bytes) -> None:
    with Blunt() as server:
        server.answer = answer
        found = look(server)
    assert (found.software, len(found.models)) == ("", 2)


def test_a_list_without_end_is_given_up(fake_upstream: FakeUpstream) -> None:
    fake_upstream.models = [{"id": "x" * 1000}] * 3000
    with pytest.raises(UpstreamBroken):
        discovery.look(Upstream(base_url=fake_upstream.url))


def test_all_is_over_in_time_though_each_byte_comes_soon() -> None:
    with drip() as url, pytest.raises(UpstreamTimeout):
        began = time.monotonic()
        discovery.look(Upstream(base_url=url), 0.5)
    assert time.monotonic() - began < 2


def test_silence_beside_the_list_costs_no_more_than_the_time_for_all() -> None:
    began = time.monotonic()
    with Blunt() as server:
        assert len(look(server, 1).models) == 2
    assert time.monotonic() - began < 2


def test_the_key_is_not_taken_along_by_a_redirect(fake_upstream: FakeUpstream) -> None:
    with Server({}) as other:
        fake_upstream.models_status = 307
        fake_upstream.models_location = other.url + "/models"
        with pytest.raises(UpstreamError):
            discovery.look(Upstream(base_url=fake_upstream.url, api_key="upstream-secret"))
        assert other.requests == []


def test_nothing_is_asked_beside_an_address_that_does_not_end_in_v1() -> None:
    with Server({}, {"id": "parrot"}) as server:
        with pytest.raises(UpstreamError):
            discovery.look(Upstream(base_url=server.url + "/deep"))
        assert {request.path for request in server.requests} == {"/v1/deep/models"}


# --- servers on this machine -------------------------------------------------------------------------------------


@pytest.fixture
def next_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with dialects.ollama() as server:
        port = int(server.url.split(":")[2].removesuffix("/v1"))
        monkeypatch.setattr(neighbours, "PORTS", {port: "Ollama", 9: "vLLM"})
        yield server


@pytest.mark.django_db
def test_a_server_at_its_usual_port_is_found_and_not_registered(next_door: Server) -> None:
    [found] = neighbours.find()
    assert (found.software, found.base_url, len(found.models)) == ("Ollama 0.13.5", next_door.url, 3)
    assert not Upstream.objects.exists()


@pytest.mark.django_db
def test_one_that_is_registered_is_not_offered_again(next_door: Server) -> None:
    Upstream.objects.create(name="nest", base_url=next_door.url.replace("127.0.0.1", "localhost"))
    assert neighbours.find() == [] and next_door.requests == []


@pytest.mark.django_db
def test_a_neighbour_that_is_silent_costs_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with drip() as url:
        monkeypatch.setattr(neighbours, "PORTS", {int(url.split(":")[2].removesuffix("/v1")): "vLLM"})
        began = time.monotonic()
        assert neighbours.find() == []
    assert 1.5 < time.monotonic() - began < 3


def test_only_usual_places_of_this_machine_can_be_added() -> None:
    assert neighbours.at("http://127.0.0.1:11434/v1")
    assert not neighbours.at("http://127.0.0.1:22/v1") and not neighbours.at("http://192.0.2.1:11434/v1")


class drip:
    """A server that sends one byte of a header every 50 ms, for ever."""

    def __enter__(self) -> str:
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1"

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def _serve(self) -> None:
        try:
            connection, _ = self.socket.accept()
            connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
            while True:
                time.sleep(0.05)
                connection.sendall(b"x")
        except OSError:
            pass


# --- an authority of one's own -----------------------------------------------------------------------------------


def certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: str, host: str = ""
) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
    )
    if host:
        address = x509.IPAddress(ipaddress.ip_address(host))
        built = built.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def own_authority(tmp_path: Path) -> tuple[str, ssl.SSLContext, ssl.SSLContext]:
    """Its certificate, and what a server needs: one for this address, one for another."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    contexts = []
    for host in ("127.0.0.1", "192.0.2.1"):
        path = tmp_path / host
        path.write_bytes(key.private_bytes(*pem) + certificate("nest", key, authority, "Birds", host))
        contexts.append(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
        contexts[-1].load_cert_chain(path)
    return certificate("Birds", authority, authority, "Birds").decode(), contexts[0], contexts[1]


async def call(upstream: Upstream) -> dict[str, Any]:
    return await relay.post(upstream, "/chat/completions", {"model": "parrot", "messages": []})


def test_with_its_authority_known_a_server_is_asked_and_called(
    own_authority: tuple[str, ssl.SSLContext, ssl.SSLContext],
) -> None:
    with FakeUpstream(tls=own_authority[1]) as server:
        upstream = Upstream(base_url=server.url, certificate=own_authority[0])
        assert len(discovery.look(upstream).models) == 2
        assert probing.run(call(upstream))["choices"]


def test_without_it_neither_happens(own_authority: tuple[str, ssl.SSLContext, ssl.SSLContext]) -> None:
    with FakeUpstream(tls=own_authority[1]) as server:
        upstream = Upstream(base_url=server.url)
        with pytest.raises(UpstreamUnreachable, match="not trusted"):
            discovery.look(upstream)
        with pytest.raises(UpstreamUnreachable):
            probing.run(call(upstream))
        assert server.requests == []


def test_a_certificate_for_another_name_is_refused(
    own_authority: tuple[str, ssl.SSLContext, ssl.SSLContext],
) -> None:
    with FakeUpstream(tls=own_authority[2]) as server:
        upstream = Upstream(base_url=server.url, certificate=own_authority[0])
        with pytest.raises(UpstreamUnreachable, match="another name") as refused:
            discovery.look(upstream)
        assert "127.0.0.1" not in str(refused.value)
