"""A tiny process that ends others as soon as the process that entrusted them to it is gone, even by `kill -9`.

It reads lines "<pid> <signal>" (0: forget that pid) from a pipe. The kernel closes the pipe when its writer dies.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from config.running import processes

GRACE = 4.0  # seconds
ROOT = Path(__file__).resolve().parents[2]


class Guardian:
    """The writer's end."""

    def __init__(self, claim: IO[str]) -> None:
        # a session of its own: the terminal's Ctrl-C does not reach it; -S: the standard library is all it needs
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "config.running.guardian"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            cwd=ROOT,
            pass_fds=[claim.fileno()],  # held until the others are ended, so that the next start waits for it
        )
        self._pipe = cast(IO[bytes], self._process.stdin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pipe.close()
        self._process.wait()

    def watch(self, pid: int, stop_signal: int) -> None:
        with contextlib.suppress(BrokenPipeError):  # killed itself: nothing it could do for us
            os.write(self._pipe.fileno(), f"{pid} {int(stop_signal)}\n".encode())

    def forget(self, pid: int) -> None:
        self.watch(pid, 0)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched: dict[int, int] = {}
    for line in sys.stdin:
        pid, stop_signal = map(int, line.split())
        watched[pid] = stop_signal
    for wave in (signal.SIGTERM, signal.SIGINT):  # the services outlive who uses them
        processes.end({pid: wave for pid, stop_signal in watched.items() if stop_signal == wave}, GRACE)


if __name__ == "__main__":
    main()
