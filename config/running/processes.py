"""What runs on this machine, and how to end a process with all that descends from it (Linux and macOS)."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    group: int
    command: str


def table() -> dict[int, Process]:
    """Every process that is visible to us and still alive."""
    found = _from_proc() if (PROC / "self" / "stat").exists() else _from_ps()
    return {process.pid: process for process in found}


def _from_proc() -> Iterable[Process]:
    for folder in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state, parent, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if state not in "ZX":
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield Process(int(folder.name), int(parent), int(group), command)


def _from_ps() -> Iterable[Process]:
    listing = subprocess.run(["ps", "-axo", "pid=,ppid=,pgid=,state=,command="], capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        pid, parent, group, state, command = line.split(maxsplit=4)
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), int(group), command)


def family(pids: Iterable[int]) -> list[Process]:
    """These processes and all that descend from them."""
    alive = table()
    known = set(pids) & alive.keys()
    size = -1
    while size != len(known):
        size = len(known)
        known |= {process.pid for process in alive.values() if process.parent in known}
    return [alive[pid] for pid in known]


def end(leaders: Mapping[int, int], grace: float) -> None:
    """Send each leader of a process group its signal; after `grace` seconds, or once they are gone, kill the rest."""
    groups = {process.group for process in family(leaders)} | leaders.keys()
    for pid, number in leaders.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and table().keys() & leaders.keys():
        time.sleep(0.05)
    for group in groups & {process.group for process in table().values()}:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
