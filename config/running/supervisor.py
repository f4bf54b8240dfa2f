"""`manage.py up`: everything Voliere needs, under one process that starts, watches and ends it all.

Imports no Django, so it stays small however long it runs.
"""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from config.running import datadir, embedded, processes
from config.running.children import Child, say
from config.running.exceptions import StartError
from config.running.guardian import ROOT, Guardian
from config.running.ports import answers, check_free
from config.running.programs import Address, command, environment
from config.running.variables import service_url

# in this order, those of one line at the same time; (names, seconds they get)
STOP_ORDER = ((("web",), 6.0), (("worker", "beat", "inference"), 6.0), (("redis",), 5.0), (("postgres",), 20.0))
SERVICES = ("redis", "postgres")


class Stopped(Exception):
    """Somebody asked us to end while we were still starting."""


class Supervisor:
    def __init__(self, folder: Path, address: Address, guardian: Guardian) -> None:
        self._folder, self._address, self._guardian = folder, address, guardian
        self._stop = threading.Event()
        self._children: dict[str, Child] = {}
        self._environment: dict[str, str] = {}

    def run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, lambda *_: self._stop.set())
        try:
            self._start()
            self._stop.wait()
        except Stopped:
            pass
        finally:
            self._end()

    def _start(self) -> None:
        say(f"Starting; everything is kept in {self._folder}")
        urls = {"DATABASE_URL": self._service("postgres", "DATABASE_URL", embedded.postgres)}
        urls["REDIS_URL"] = self._service("redis", "REDIS_URL", embedded.redis)
        datadir.publish(self._folder, urls)
        self._environment = environment(urls, self._address, self._folder)
        if "VOLIERE_INFERENCE_PORT" in self._environment:  # takes longest, so it goes first
            self._program("inference")
        say("Preparing the database")
        prepared = self._prepare()
        if not prepared["inference"]:
            self._retire("inference")
        self._program("web")
        self._until(lambda: answers(self._address.reachable_host, self._address.port))
        say(f"Voliere is ready: {self._address.url} (Ctrl-C ends it)")
        if prepared["setup_link"]:
            say(f"Set up the first administrator here: {prepared['setup_link']}")
        for line in prepared["servers"]:
            say(line)
        if self._address.is_nameless:
            example = f"http://{socket.gethostname()}:{self._address.port}"
            say(f"Other machines are refused until you name this one, e.g. PUBLIC_URL={example} (see docs/running.md)")
        self._program("worker")
        self._program("beat")
        if "inference" in self._children:
            port = int(self._environment["VOLIERE_INFERENCE_PORT"])
            self._until(lambda: answers("127.0.0.1", port))
            say("The embedded models are ready.")

    def _service(self, name: str, variable: str, prepare: Callable[[Path], embedded.Service]) -> str:
        if url := service_url(variable):
            return url
        service = prepare(self._folder)
        self._children[name] = Child(name, lambda: embedded.launch(service, self._guardian), self._guardian)
        return service.url

    def _program(self, name: str) -> None:
        arguments = command(name, self._address, self._folder)
        self._children[name] = Child(name, lambda: self._spawn(arguments), self._guardian)

    def _spawn(self, arguments: list[str], errors: int = subprocess.STDOUT) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # the terminal's Ctrl-C is for us alone: we end them in order
        )
        self._guardian.watch(process.pid, signal.SIGTERM)
        return process

    def _prepare(self) -> dict[str, Any]:
        process = self._spawn([sys.executable, "manage.py", "prepare", "--json"], errors=sys.stderr.fileno())
        try:
            self._until(lambda: process.poll() is not None)
        finally:
            processes.end({process.pid: signal.SIGTERM}, 5)
            self._guardian.forget(process.pid)
        output = cast(IO[bytes], process.stdout).read()
        if process.returncode:
            raise StartError("Voliere was not started.")
        answer: dict[str, Any] = json.loads(output.splitlines()[-1])
        return answer

    def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if self._stop.wait(0.05):
                raise Stopped

    def _retire(self, *names: str, seconds: float = 5.0) -> None:
        children = [self._children.pop(name) for name in names if name in self._children]
        for child in children:
            child.retire()
        signals = dict.fromkeys(SERVICES, embedded.STOP_SIGNAL)
        if children:
            processes.end({child.process.pid: signals.get(child.name, signal.SIGTERM) for child in children}, seconds)
        for child in children:
            child.keeper.join(1)  # it tells the guardian, which goes when we do

    def _end(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if self._children:
            say("Stopping")
        for names, seconds in STOP_ORDER:
            self._retire(*names, seconds=seconds)


def main() -> int:
    folder = datadir.data_dir()
    try:
        address = Address.from_environment()
        with datadir.claim(folder, f"Voliere at {address.url}") as claim, Guardian(claim) as guardian:
            check_free(address.host, address.port)
            Supervisor(folder, address, guardian).run()
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
