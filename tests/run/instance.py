"""A real Voliere in a folder of its own on a free port, as a person would start it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.running import processes
from config.running.ports import free_port

NOBODY = 65534
IMPORTS = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path[1:]))}
ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "ALLOWED_HOSTS", "HOST", "PORT")
QUICKER = {
    "VOLIERE_INFERENCE_URL": "http://127.0.0.1:1/v1",  # loading models takes long
    "VOLIERE_WORKER_PROCESSES": "1",
    "VOLIERE_STATIC_ROOT": str(Path(os.environ["DATA_DIR"]) / "static"),  # collected once for all
}

COMMAND = """
import contextlib, os, sys, time, psycopg
from config.running import sharing
with contextlib.ExitStack() as stack:
    sharing.provide(["a command that needs them"], stack)
    time.sleep(float(sys.argv[1]))
    psycopg.connect(os.environ["DATABASE_URL"])
"""


def eventually(condition: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result


class Instance:
    def __init__(
        self, folder: Path, *, python: str = sys.executable, user: int | None = None, **variables: str
    ) -> None:
        self.data, self.port, self.user = folder / "data", free_port(), os.geteuid() if user is None else user
        self._python, self._log = python, folder / "log"
        self._as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        environment |= {"DATA_DIR": str(self.data), "PORT": str(self.port), **QUICKER}
        self.environment = {name: value for name, value in (environment | variables).items() if value}
        self.supervisor: subprocess.Popen[bytes] | None = None

    def run(self) -> "Instance":
        """Start it unless it runs, and wait until it is ready."""
        if not self.supervisor or self.supervisor.poll() is not None:
            self.begin_start()
        assert eventually(lambda: "Voliere is ready" in self.log or self.supervisor.poll() is not None, 150)
        assert self.supervisor.poll() is None, self.log
        return self

    def begin_start(self) -> None:
        with self._log.open("w") as log:
            self.supervisor = subprocess.Popen(
                [self._python, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                **self._as_user,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def services(self) -> dict[str, str]:
        return json.loads((self.data / "run" / "services.json").read_text())

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.python("manage.py", *arguments)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._python, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            **self._as_user,
        )

    def family(self) -> list[processes.Process]:
        return processes.family([self.supervisor.pid])

    def pid_of(self, *words: str) -> int:
        """A process of this instance whose command has all these words, and whose parent's has not; 0 if there is none.

        Numbers tell nothing of age: they begin anew at some point.
        """
        found = {process.pid: process for process in self.family() if all(word in process.command for word in words)}
        return next((pid for pid, process in found.items() if process.parent not in found), 0)

    def kill(self) -> None:
        self.supervisor.kill()
        self.supervisor.wait()

    def stop(self, number: int = signal.SIGINT) -> int | None:
        if not self.supervisor:
            return None
        self.supervisor.send_signal(number)  # nobody hears it where it has ended already
        return self.supervisor.wait(timeout=40)


def ordinary_users(folder: Path) -> Instance:
    """Of nobody where we are root, if there is a Python that nobody may run."""
    candidates = [sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"]
    python = next(filter(_can_be_run_by_nobody, candidates), None) if os.geteuid() == 0 else None
    if not python:
        return Instance(folder)
    os.chown(folder, NOBODY, NOBODY)
    return Instance(folder, python=python, user=NOBODY, VOLIERE_STATIC_ROOT="", **IMPORTS)


def _can_be_run_by_nobody(python: str) -> bool:
    options = {"cwd": ROOT, "env": IMPORTS, "user": NOBODY, "group": NOBODY, "capture_output": True}
    with contextlib.suppress(OSError):
        return subprocess.run([python, "-c", "import redis"], **options).returncode == 0
    return False


def running_on(folder: Path) -> list[processes.Process]:
    return [process for process in processes.table().values() if str(folder) in process.command]


def still_running(family: list[processes.Process]) -> list[processes.Process]:
    alive = processes.table()
    return [process for process in family if process.pid in alive]
