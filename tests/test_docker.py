"""What of docker/ can be checked without an engine."""

import http.client
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.running.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
DOCKER = ROOT / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("prepare", "web", "worker", "beat", "inference")
OF_OTHER_IMAGES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "VOLIERE_DOMAIN"}

with_caddy = pytest.mark.skipif(not shutil.which("caddy"), reason="Caddy is not installed")


def copied() -> list[str]:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    return [source for line in lines for source in line.split()]


def test_whatever_is_copied_into_an_image_exists_and_reaches_the_builder() -> None:
    sent = re.findall(r"^!(\S+)$", (DOCKER / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    for source in copied():
        assert (ROOT / source).exists() and (source in sent or source.split("/")[0] in sent)


def test_every_room_is_in_an_image() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}
    assert rooms <= set(copied())


def test_every_variable_of_a_container_is_one_that_we_read() -> None:
    code = "".join(
        path.read_text() for room in ("config", "accounts", "inference") for path in (ROOT / room).rglob("*.py")
    )
    known = set(re.findall(r'"([A-Z][A-Z_]+)"', code)) | OF_OTHER_IMAGES
    given = {name.removesuffix("_FILE") for service in SERVICES.values() for name in service.get("environment", {})}
    in_images = re.findall(r"\b((?:VOLIERE_|HOST|PORT|DATA_DIR)\w*)=", (DOCKER / "Dockerfile").read_text())
    assert given | set(in_images) <= known


def test_the_example_names_every_variable_without_a_default_and_no_other() -> None:
    compose = (DOCKER / "compose.yaml").read_text()
    example = set(re.findall(r"^(?:# )?(\w+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{(\w+):\?", compose)) <= example
    assert example - {"COMPOSE_PROFILES"} <= set(re.findall(r"\$\{(\w+)", compose))


def test_only_caddy_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert COMPOSE["networks"]["back"]["internal"] and SERVICES["db"]["networks"] == ["back"]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert (
        service["read_only"] and service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"]
    )
    stage = (DOCKER / "Dockerfile").read_text().split(f" AS {service['build']['target']}\n")[1].split("\nFROM")[0]
    assert re.search(r"^USER voliere$", stage, re.MULTILINE)


def test_every_secret_is_declared_and_made(tmp_path: Path) -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    shutil.copy(DOCKER / "make_secrets.sh", tmp_path)
    for _ in range(2):
        subprocess.run(["sh", tmp_path / "make_secrets.sh"], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert used == set(COMPOSE["secrets"]) == set(made)
    assert f":{made['database_password']}@db:" in made["database_url"] and len(set(made.values())) == len(made)
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_services_wait_for_what_they_need() -> None:
    for service in SERVICES.values():
        for name, condition in service.get("depends_on", {}).items():
            needs_check = condition["condition"] == "service_healthy"
            assert "healthcheck" in SERVICES[name] if needs_check else SERVICES[name]["restart"] == "no"


def test_the_entrypoint_hands_other_commands_to_django() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "docker/entrypoint.py", "version"]
    assert re.match(r"5\.2\.\d+", subprocess.check_output(line, cwd=ROOT, env=environment, text=True))


class Upstream(BaseHTTPRequestHandler):
    """Streams an event each tenth of a second until its reader is gone; notes what it was told and how it ended."""

    seen: dict[str, str] = {}
    ended = threading.Event()

    def do_GET(self) -> None:
        type(self).seen = dict(self.headers)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while "stream" in self.path:
                self.wfile.write(b"data: tick\n\n")
                time.sleep(0.1)
        except OSError:
            self.ended.set()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def through_caddy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Caddy with our Caddyfile, but plain HTTP and another address behind it."""
    upstream, port = ThreadingHTTPServer(("127.0.0.1", 0), Upstream), free_port()
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("caddy")
    behind = f"127.0.0.1:{upstream.server_port}"
    (folder / "Caddyfile").write_text((DOCKER / "Caddyfile").read_text().replace("web:8000", behind))
    home = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    environment = {**os.environ, **home, "VOLIERE_DOMAIN": f"http://127.0.0.1:{port}", "VOLIERE_UPLOAD_MAX_MB": "1"}
    process = subprocess.Popen(
        ["caddy", "run", "--config", folder / "Caddyfile"], env=environment, stderr=subprocess.DEVNULL
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield port
    process.terminate()
    process.wait(10)
    upstream.shutdown()


@with_caddy
def test_caddy_takes_the_caddyfile() -> None:
    line = ["caddy", "validate", "--config", DOCKER / "Caddyfile", "--adapter", "caddyfile"]
    subprocess.run(line, check=True, capture_output=True, env={**os.environ, "VOLIERE_DOMAIN": "chat.example.org"})


@with_caddy
def test_events_pass_caddy_at_once_and_a_reader_who_leaves_ends_the_request(through_caddy: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", through_caddy, timeout=5)
    connection.request("GET", "/stream", headers={"Accept-Encoding": "gzip", "X-Forwarded-For": "203.0.113.7"})
    response = connection.getresponse()
    started = time.monotonic()
    assert response.read(12) == b"data: tick\n\n" and time.monotonic() - started < 2
    response.close()
    connection.close()
    assert Upstream.ended.wait(2)
    assert Upstream.seen["X-Forwarded-For"] == "127.0.0.1"


@with_caddy
@pytest.mark.parametrize(("mebibytes", "statuses"), [(0.5, {200}), (3, {413, 502})])  # 502 from Caddy before 2.7
def test_caddy_refuses_a_body_that_is_too_large(through_caddy: int, mebibytes: float, statuses: set[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", through_caddy, timeout=5)
    connection.request("POST", "/", body=b"x" * int(mebibytes * 2**20))
    assert connection.getresponse().status in statuses
