"""Who says that a request came by https: the web program, started as it is in earnest."""

import os
import subprocess
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from config.running.ports import free_port, listens
from config.running.programs import Address, command

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
SENT_BY_HTTPS_ONLY = "Strict-Transport-Security"


@pytest.mark.parametrize(("trusted", "is_believed"), [("127.0.0.1", True), ("203.0.113.1", False)])
def test_only_a_trusted_proxy_is_believed(
    trusted: str, is_believed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLIERE_TRUSTED_PROXIES", trusted)
    port = free_port()
    web = subprocess.Popen(
        command("web", Address("127.0.0.1", port), tmp_path),
        env={**os.environ, "PUBLIC_URL": "https://chat.example.org", "DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    try:
        deadline = time.monotonic() + 120
        while not listens("127.0.0.1", port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        address = f"http://127.0.0.1:{port}/healthz"
        assert SENT_BY_HTTPS_ONLY not in urlopen(address, timeout=30).headers
        answer = urlopen(Request(address, headers=FORWARDED), timeout=30)
        assert (SENT_BY_HTTPS_ONLY in answer.headers) is is_believed
    finally:
        web.terminate()
        web.wait(10)
