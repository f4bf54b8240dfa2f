"""Programs kept running: what they print gets their name in front, and what ends by itself is started again."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO

from config.running import processes
from config.running.exceptions import StartError
from config.running.guardian import Guardian

FIRST_DELAY, LONGEST_DELAY, STEADY = 1.0, 30.0, 60.0  # seconds; who ran steadily starts with the first delay again


def say(text: str, name: str = "voliere") -> None:
    with contextlib.suppress(OSError):  # the terminal is gone: no reason to end
        sys.stdout.write(f"{name:<9} | {text}\n")
        sys.stdout.flush()


class Child:
    def __init__(self, name: str, launch: Callable[[], subprocess.Popen[bytes]], guardian: Guardian) -> None:
        self.name = name
        self._launch = launch
        self._guardian = guardian
        self._stopping = threading.Event()
        self._turn = threading.Lock()  # a stop and a new start must not cross
        self.process = self._start()
        self.keeper = threading.Thread(target=self._keep, daemon=True)
        self.keeper.start()

    def retire(self) -> None:
        """From now on it may end without being started again."""
        with self._turn:
            self._stopping.set()

    def _start(self) -> subprocess.Popen[bytes]:
        process = self._launch()
        if process.stdout:
            threading.Thread(target=_relay, args=(process.stdout, self.name), daemon=True).start()
        return process

    def _keep(self) -> None:
        delay = FIRST_DELAY
        while True:
            started = time.monotonic()
            reason = _reason(self.process.wait())
            self._guardian.forget(self.process.pid)
            if self._stopping.is_set():
                return
            processes.end({self.process.pid: 0}, 0)  # what it left behind
            delay = FIRST_DELAY if time.monotonic() - started > STEADY else delay
            say(f"{self.name} ended ({reason}); it is started again in {delay:.0f} s")
            self._stopping.wait(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            if not self._start_again():
                return

    def _start_again(self) -> bool:
        with self._turn:
            if self._stopping.is_set():
                return False
            try:
                self.process = self._start()
            except (StartError, OSError) as error:
                say(str(error), self.name)
            return True


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _relay(output: IO[bytes], name: str) -> None:
    with output:
        for line in output:
            if text := line.decode(errors="replace").rstrip():
                say(text, name)
