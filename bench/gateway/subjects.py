"""The processes under test and what they consume."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.running import processes
from config.running.ports import answers, free_port, listens
from config.running.programs import Address, command, environment

ROOT = Path(__file__).resolve().parents[2]
AROUND, TESTED = sorted(os.sched_getaffinity(0))[:2]  # processors
TICK = os.sysconf("SC_CLK_TCK")
START_TIMEOUT = 30.0  # seconds


@dataclass
class Subject:
    name: str
    url: str
    process: subprocess.Popen[bytes]
    secret: str = "none"
    calls: int = 0  # all that were made, so that the ledger can be compared

    def cpu(self) -> float:
        return cpu_seconds(self.process.pid)

    def memory(self) -> float:
        """Resident MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, by the process's own clock: exact, where /proc counts in ticks of 10 ms."""
    return time.clock_gettime((~pid << 3) | 2)


def postgres_cpu() -> float:
    """Of the server, its sessions, and those that ended."""
    family = processes.family([os.getpid()])
    server = next(process.pid for process in family if "postgres -D" in process.command)
    ended = sum(map(int, Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[13:15])) / TICK
    total = ended
    for process in processes.family([server]):
        with contextlib.suppress(OSError):  # it ended meanwhile
            total += cpu_seconds(process.pid)
    return total


@contextlib.contextmanager
def passing_folder() -> Iterator[Path]:
    """For a run's own services, which are gone with it; the processor of the subjects is left to them."""
    os.sched_setaffinity(0, {AROUND})  # inherited by everything but the subjects
    with tempfile.TemporaryDirectory(prefix="voliere-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "static").mkdir()
        folder.chmod(0o755)  # as root PostgreSQL runs as nobody, who has to reach its files
        for service in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(service, None)  # never those that hold somebody's data
        os.environ |= {"DATA_DIR": name, "SECRET_KEY": "only for the benchmark, " * 2}
        yield folder


@contextlib.contextmanager
def running(arguments: list[str], processor: int, variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=variables, preexec_fn=lambda: os.sched_setaffinity(0, {processor})
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


@contextlib.contextmanager
def mock_upstream() -> Iterator[str]:
    port = free_port()
    arguments = [sys.executable, "-m", "bench.gateway.mock_upstream", str(port)]
    with running(arguments, AROUND, dict(os.environ)):
        wait(lambda: listens("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def passthrough(upstream: str) -> Iterator[Subject]:
    address = Address("127.0.0.1", free_port())
    arguments = web_command(address, Path())
    arguments[arguments.index("config.asgi:application")] = "bench.gateway.passthrough:application"
    with running(arguments, TESTED, {**os.environ, "BENCH_UPSTREAM": upstream}) as process:
        wait(lambda: listens("127.0.0.1", address.port))
        yield Subject("pass-through", f"{address.url}/v1", process)


@contextlib.contextmanager
def voliere(secret: str, folder: Path) -> Iterator[Subject]:
    """As `manage.py up` serves it, in one process."""
    address = Address("127.0.0.1", free_port())
    variables = environment({"VOLIERE_INFERENCE_URL": "http://127.0.0.1:1/v1"}, address, folder)
    with running(web_command(address, folder), TESTED, variables) as process:
        wait(lambda: answers("127.0.0.1", address.port))
        yield Subject("Voliere", f"{address.url}/v1", process, secret)


def web_command(address: Address, folder: Path) -> list[str]:
    arguments: list[Any] = command("web", address, folder)
    arguments[arguments.index("--workers") + 1] = "1"
    return arguments


def wait(condition: Any) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("A server did not start in time.")
        time.sleep(0.05)
