"""One model server for all these tests, as a process of its own on a free port."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from openai import OpenAI

from config.running.ports import free_port
from tests.inference import passages

ROOT = Path(__file__).resolve().parents[2]
KEY = "a key of the tests"
READY_WITHIN = 120  # seconds; importing torch on a busy machine is slow


@dataclass(frozen=True)
class Server:
    url: str
    process: subprocess.Popen[bytes]

    @property
    def sdk(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key=KEY, max_retries=0, timeout=60)

    @property
    def http(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)

    def cpu_seconds(self) -> float:
        times = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Resident KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])


@contextmanager
def serving(**environment: str) -> Iterator[Server]:
    port = free_port()
    ours = {"VOLIERE_INFERENCE_PORT": str(port), "VOLIERE_INFERENCE_KEY": KEY, **environment}
    process = subprocess.Popen([sys.executable, "-m", "inference"], cwd=ROOT, env={**os.environ, **ours})
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(f"{url}/healthz", process)
        yield Server(url, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(url, timeout=5).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not become ready")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def sdk(server: Server) -> OpenAI:
    return server.sdk


class Asking:
    """Asks the librarian about passages."""

    def __init__(self, sdk: OpenAI) -> None:
        self.sdk = sdk

    def __call__(self, question: str, given: list[passages.Given], **options: int | str) -> str:
        messages = [{"role": "system", "content": passages.prompt(given)}, {"role": "user", "content": question}]
        answer = self.sdk.chat.completions.create(model="librarian", messages=messages, **options)  # type: ignore
        return answer.choices[0].message.content or ""


@pytest.fixture(scope="session")
def ask(sdk: OpenAI) -> Asking:
    return Asking(sdk)
