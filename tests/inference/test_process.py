"""The server as a process: what it imports, when it opens, how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from config.running.ports import free_port
from inference.settings import Settings
from tests.inference.conftest import ROOT

NOT_OURS = ("django", "accounts", "gateway", "rag", "chat", "config")


def start(**environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inference"]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE)


@pytest.fixture
def port() -> str:
    return str(free_port())


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("VOLIERE_")]:
        monkeypatch.delenv(name)
    yield


def test_it_imports_none_of_our_apps_and_torch_only_when_it_loads() -> None:
    modules = ", ".join(f"inference.{path.stem}" for path in (ROOT / "inference").glob("[a-z]*.py"))
    code = f"import sys, {modules}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert not {*NOT_OURS, "torch", "transformers", "sentence_transformers"} & set(loaded)


def test_the_port_opens_before_the_models_are_loaded_and_it_stops_at_once(port: str) -> None:
    process = start(VOLIERE_INFERENCE_PORT=port)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            assert httpx2.get(f"http://127.0.0.1:{port}/healthz").json() == {"status": "loading"}
            break
        except httpx2.TransportError:
            time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize("name", ["VOLIERE_EMBEDDING_MODEL", "VOLIERE_CHAT_MODEL", "VOLIERE_RERANK_MODEL"])
def test_a_model_that_cannot_be_loaded_ends_it_with_one_reason(name: str, port: str, tmp_path: Path) -> None:
    process = start(VOLIERE_INFERENCE_PORT=port, **{name: str(tmp_path)})
    _, log = process.communicate(timeout=120)
    assert process.returncode == 1
    assert f"{tmp_path} cannot be loaded" in log.decode() and "Traceback" not in log.decode()


def test_a_wrong_number_is_named() -> None:
    process = start(VOLIERE_INFERENCE_PORT="many")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 1 and "VOLIERE_INFERENCE_PORT has to be a whole number" in log.decode()


@pytest.mark.usefixtures("no_settings")
def test_the_key_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("secret\n")
    monkeypatch.setenv("VOLIERE_INFERENCE_KEY_FILE", str(tmp_path / "key"))
    assert Settings.from_environment().key == "secret"


@pytest.mark.usefixtures("no_settings")
def test_only_local_folders_count_as_local(tmp_path: Path) -> None:
    assert Settings.from_environment().is_local and Settings(chat_model=str(tmp_path)).is_local
    assert not Settings(embedding_model="someone/a-model").is_local
