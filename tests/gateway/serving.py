"""The application on a real socket: in a thread of this process, or as a process that can be killed."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import uvicorn
from django.conf import settings
from django.db import connection

from config.asgi import application
from config.running.ports import free_port


@contextlib.contextmanager
def in_this_process() -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(application, port=0, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    _wait(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def as_process() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """On the test's database; yields the address and the process."""
    port = free_port()
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port), "--lifespan", "off"]
    process = subprocess.Popen(
        [*command, "--log-level", "warning"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": urlunsplit(address)},
    )
    try:
        _wait(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), 120)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    with contextlib.suppress(URLError, ConnectionError, TimeoutError), urlopen(url, timeout=1):
        return True
    return False


def _wait(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.02)
