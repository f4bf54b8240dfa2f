"""A server that is not ours: `transformers serve` with a tiny Llama, on a free port.

VOLIERE_TEST_SERVER_URL and VOLIERE_TEST_SERVER_MODEL name another one (see other_servers.md).
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from config.running.ports import free_port
from tests.foreign_server import tiny_llama

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 180  # seconds
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class ForeignServer:
    base_url: str
    model: str


@pytest.fixture(scope="session")
def foreign_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignServer]:
    if url := os.environ.get("VOLIERE_TEST_SERVER_URL"):
        yield ForeignServer(url, os.environ["VOLIERE_TEST_SERVER_MODEL"])
        return
    pytest.importorskip("fastapi", reason="the server of transformers is not installed")
    model = tmp_path_factory.mktemp("models") / "tiny-llama"
    subprocess.run([sys.executable, "-m", tiny_llama.__name__, str(model)], cwd=ROOT, check=True)
    port = str(free_port())
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model), "--port", port]
    command += ["--host", "127.0.0.1", "--device", "cpu", "--dtype", "float32"]
    log = (model / "server.log").open("wb")
    process = subprocess.Popen(command, env={**os.environ, **OFFLINE}, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process)
        yield ForeignServer(f"http://127.0.0.1:{port}/v1", str(model))
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(url, timeout=5)
            return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError("the foreign server did not start")
