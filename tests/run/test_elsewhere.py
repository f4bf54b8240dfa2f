"""Other people's PostgreSQL and Redis, and commands without a running instance."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.running import sharing
from tests.run.instance import COMMAND, ROOT, Instance, eventually, running_on


def test_its_models_are_offered_once_they_are_loaded(running_elsewhere: Instance) -> None:
    assert eventually(lambda: b'"upstreams": 1' in running_elsewhere.get("/readyz")[1], 60), running_elsewhere.log


def test_given_services_are_used_and_none_started(running_elsewhere: Instance) -> None:
    assert running_elsewhere.get("/readyz")[0] == 200
    assert not running_elsewhere.pid_of("postgres", "-D") and not running_elsewhere.pid_of("redis-server")
    assert not (running_elsewhere.data / "postgres").exists()
    assert running_elsewhere.stop(signal.SIGHUP) == 0


def test_two_commands_share_and_the_last_one_ends_the_services(instance: Instance) -> None:
    start = [sys.executable, "-c", COMMAND]
    both = [subprocess.Popen([*start, seconds], cwd=ROOT, env=instance.environment) for seconds in ("0", "1")]
    assert [process.wait(60) for process in both] == [0, 0]
    assert not running_on(instance.data)


@pytest.mark.parametrize("command", [[], ["help"], ["version"], ["check"], ["migrate", "--help"]])
def test_a_command_that_needs_no_database_starts_none(
    command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    with contextlib.ExitStack() as stack:
        sharing.provide(command, stack)
    assert os.environ["DATABASE_URL"] and not list(tmp_path.iterdir())
