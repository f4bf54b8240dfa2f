"""The data folder: its secrets, who runs services in it, and where these services are found.

Imports no Django: it is asked before the settings can be read.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from config.running import processes
from config.running.exceptions import AlreadyClaimed, StartError

LEFTOVER_TIMEOUT = 30.0  # seconds: a killed run's guardian ends web and worker, then the services


def data_dir() -> Path:
    return Path(os.environ.get("DATA_DIR") or "data").absolute()


def secret(name: str, folder: Path) -> str:
    """A secret generated once and kept in `folder` with mode 0600."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        # a link is made whole or not at all: whoever comes second reads the first one's secret
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip()


def run_folder(folder: Path) -> Path:
    """Where the files live that matter only while something runs; raises `StartError` where we may not write."""
    path = folder / "run"
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (path / "lock").touch(mode=0o600)
    except OSError as error:
        raise StartError(f"Cannot write to the data folder {folder}: {error.strerror}.") from error
    return path


@contextlib.contextmanager
def claim(folder: Path, who: str) -> Iterator[IO[str]]:
    """Be the one process that runs services in this folder. The kernel ends the claim with the last process that holds
    the file: us, or the guardian that still ends what we left behind."""
    with (run_folder(folder) / "lock").open("r+") as lock:
        deadline = time.monotonic() + LEFTOVER_TIMEOUT
        while not _lock(lock, fcntl.LOCK_EX):
            lock.seek(0)
            owner = lock.read() or "Another process"
            if _is_alive(owner) or time.monotonic() > deadline:
                raise AlreadyClaimed(f"{owner} already uses the data folder {folder}.")
            time.sleep(0.05)
        lock.seek(0)
        lock.truncate()
        lock.write(f"{who} (process {os.getpid()})")
        lock.flush()
        _state(folder).unlink(missing_ok=True)
        yield lock


def publish(folder: Path, urls: dict[str, str]) -> None:
    """Tell other commands where the services are. Only for who holds the claim."""
    draft = _state(folder).with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(urls, file)
    draft.replace(_state(folder))


def join(folder: Path) -> tuple[IO[str], dict[str, str]] | None:
    """The services that another process runs here, or None. They stay at least until the returned file is closed,
    unless they belong to `up`."""
    users = (run_folder(folder) / "users").open("a")
    fcntl.flock(users, fcntl.LOCK_SH)
    with contextlib.suppress(FileNotFoundError):
        urls: dict[str, str] = json.loads(_state(folder).read_text())
        if _is_claimed(folder):
            return users, urls
    users.close()
    return None


def wait_for_users(folder: Path) -> None:
    with (run_folder(folder) / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        _state(folder).unlink(missing_ok=True)


def _state(folder: Path) -> Path:
    return folder / "run" / "services.json"


def _is_claimed(folder: Path) -> bool:
    with (folder / "run" / "lock").open("r+") as lock:
        return not _lock(lock, fcntl.LOCK_SH)


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(owner: str) -> bool:
    found = re.search(r"\(process (\d+)\)", owner)
    return found is None or int(found[1]) in processes.table()
