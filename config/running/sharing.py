"""The embedded services for a command or a test run: joined where they run already, else started for its duration."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from config.running import datadir, embedded, processes
from config.running.exceptions import AlreadyClaimed, StartError
from config.running.guardian import Guardian
from config.running.variables import SERVICES, service_url

STOP_TIMEOUT = 20.0  # seconds
JOIN_TIMEOUT = 60.0  # seconds: another process may be at its first start
WITHOUT_SERVICES = {"help", "version", "makemessages", "compilemessages", "collectstatic", "findstatic", "diffsettings"}


@contextlib.contextmanager
def running(folder: Path, who: str = "A command") -> Iterator[dict[str, str]]:
    """Start what the environment does not name; yield DATABASE_URL and REDIS_URL."""
    with datadir.claim(folder, who) as claim, Guardian(claim) as guardian, contextlib.ExitStack() as stack:
        urls = {name: service_url(name) for name in SERVICES}
        for name, prepare in zip(SERVICES, (embedded.postgres, embedded.redis), strict=True):
            if not urls[name]:
                service = prepare(folder)
                process = embedded.launch(service, guardian)
                stack.callback(process.wait)
                stack.callback(processes.end, {process.pid: embedded.STOP_SIGNAL}, STOP_TIMEOUT)
                urls[name] = service.url
        datadir.publish(folder, urls)
        stack.callback(datadir.wait_for_users, folder)
        yield urls


def provide(arguments: list[str], stack: contextlib.ExitStack) -> None:
    """Put DATABASE_URL and REDIS_URL into the environment for a management command, until `stack` closes."""
    missing = [name for name in SERVICES if not service_url(name)]
    if not missing:
        return
    if _needs_services(arguments):
        urls = _find_or_start(datadir.data_dir(), stack)
    else:  # the settings want them all the same
        urls = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "REDIS_URL": "redis://127.0.0.1:1/0"}
    os.environ.update({name: urls[name] for name in missing})


def _needs_services(arguments: list[str]) -> bool:
    if not arguments or arguments[0] in WITHOUT_SERVICES or {"-h", "--help", "--version"} & set(arguments):
        return False
    return arguments[0] != "check" or "--database" in arguments


def _find_or_start(folder: Path, stack: contextlib.ExitStack) -> dict[str, str]:
    deadline = time.monotonic() + JOIN_TIMEOUT
    while time.monotonic() < deadline:
        with contextlib.suppress(AlreadyClaimed):
            return stack.enter_context(running(folder))
        if joined := datadir.join(folder):
            users, urls = joined
            stack.callback(users.close)
            return urls
        time.sleep(0.1)
    raise StartError(f"The services of the data folder {folder} did not come up within {JOIN_TIMEOUT:.0f} seconds.")
