"""Other people's PostgreSQL and Redis, other users of the machine, and commands without a running instance."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.running import sharing
from tests.run.instance import ROOT, Instance, eventually, running_on, still_running

NOBODY = 65534
IMPORTS = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path[1:]))}


def test_given_services_are_used_and_none_started(running_elsewhere: Instance) -> None:
    assert running_elsewhere.get("/readyz")[0] == 200
    assert not running_elsewhere.pid_of("postgres", "-D") and not running_elsewhere.pid_of("redis-server")
    assert not (running_elsewhere.data / "postgres").exists()
    assert running_elsewhere.stop(signal.SIGHUP) == 0


@pytest.fixture
def ordinary() -> Iterator[Instance]:
    """An instance of an ordinary user; as root, of nobody."""
    if os.geteuid() != 0:
        python, user = sys.executable, None
    else:
        python, user = _python_for_all(), NOBODY
    folder = Path(tempfile.mkdtemp(prefix="voliere-ordinary-"))
    if user:
        os.chown(folder, user, user)
    instance = Instance(folder, python=python, user=user, VOLIERE_STATIC_ROOT="", **IMPORTS)
    yield instance
    instance.stop()
    shutil.rmtree(folder)


def _python_for_all() -> str:
    candidates = [sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"]
    for python in candidates:
        try:
            subprocess.run([python, "-c", "import redis"], check=True, cwd=ROOT, env=IMPORTS, user=NOBODY, group=NOBODY)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no Python here that another user may run")


def test_an_ordinary_user_can_run_it_and_is_offered_the_embedded_models(ordinary: Instance) -> None:
    ordinary.environment.pop("VOLIERE_INFERENCE_URL")
    ordinary.run()
    assert eventually(lambda: b'"upstreams": 1' in ordinary.get("/readyz")[1], 60), ordinary.log
    family = ordinary.family()
    assert ordinary.stop() == 0
    assert not still_running(family)


def test_an_ordinary_user_is_told_that_the_folder_is_not_theirs(ordinary: Instance) -> None:
    ordinary.environment["DATA_DIR"] = "/proc/voliere"
    answer = ordinary.manage("up")
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "Cannot write to the data folder /proc/voliere" in answer.stderr


COMMAND = """
import contextlib, os, sys, time, psycopg
from config.running import sharing
with contextlib.ExitStack() as stack:
    sharing.provide(["a command that needs them"], stack)
    time.sleep(float(sys.argv[1]))
    psycopg.connect(os.environ["DATABASE_URL"])
"""


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
