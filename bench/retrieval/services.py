"""PostgreSQL, Redis and the embedding server of this run alone, and someone who searches."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Django is set up later, when the services run
    from gateway.callers import Caller

KEY = "only for this run"
START_TIMEOUT = 300  # seconds


@contextlib.contextmanager
def services(folder: Path | None = None) -> Iterator[str]:
    """Without a folder that keeps it, all is gone afterwards."""
    from config.running import sharing

    with tempfile.TemporaryDirectory(prefix="voliere-bench-", ignore_cleanup_errors=True) as passing:
        place = folder or Path(passing)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o755)  # as root PostgreSQL runs as nobody, who has to reach its files
        os.environ.update({"DATA_DIR": str(place), "SECRET_KEY": KEY, "DJANGO_SETTINGS_MODULE": "config.settings"})
        with sharing.running(place) as urls, inference() as url:
            os.environ.update(urls)
            yield url


@contextlib.contextmanager
def inference() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"VOLIERE_INFERENCE_PORT": str(port), "VOLIERE_INFERENCE_KEY": KEY}
    process = subprocess.Popen([sys.executable, "-m", "inference"], env=environment)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/v1/models")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):
            return
        time.sleep(0.5)
    raise SystemExit("The embedding server did not start.")


def prepared(inference_url: str) -> "Caller":
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import User
    from gateway.callers import Caller
    from gateway.models import Deployment, Upstream

    call_command("migrate", verbosity=0)
    server = {"base_url": inference_url, "api_key": KEY}
    upstream, _ = Upstream.objects.update_or_create(name="bench", defaults=server)
    Deployment.objects.get_or_create(upstream=upstream, name="minilm", model="all-MiniLM-L6-v2", kind="embedding")
    known = User.objects.filter(email="bench@example.org").first()
    return Caller(known or User.objects.create_user("bench@example.org"))
