"""Other people's PostgreSQL and Redis, other users of the machine, and commands without a running instance."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.running import processes
from tests.run.instance import ROOT, Instance, eventually, still_running

NOBODY = 65534
IMPORTS = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path[1:]))}


def test_given_services_are_used_and_none_started(tmp_path: Path) -> None:
    given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    instance = Instance(tmp_path, **given).start()
    assert instance.get("/readyz")[0] == 200
    assert not instance.pid_of("postgres", "-D") and not instance.pid_of("redis-server")
    assert not (instance.data / "postgres").exists()
    assert instance.stop(signal.SIGHUP) == 0


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
    if hasattr(instance, "supervisor"):
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
    ordinary.start()
    assert eventually(lambda: b'"upstreams": 1' in ordinary.get("/readyz")[1], 60), ordinary.log
    family = ordinary.family()
    assert ordinary.stop() == 0
    assert not still_running(family)


def test_an_ordinary_user_is_told_that_the_folder_is_not_theirs(ordinary: Instance) -> None:
    ordinary.environment["DATA_DIR"] = "/proc/voliere"
    answer = ordinary.manage("up")
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "Cannot write to the data folder /proc/voliere" in answer.stderr


def test_a_command_alone_starts_what_it_needs_and_ends_it(instance: Instance) -> None:
    assert instance.manage("migrate", "-v0").returncode == 0
    assert not [process for process in processes.table().values() if str(instance.data) in process.command]


def test_two_commands_share_and_the_last_one_ends_the_services(instance: Instance) -> None:
    script = "import time; time.sleep({}); from django.db import connection as c; c.ensure_connection(); print('there')"
    start = [sys.executable, "manage.py", "shell", "-c"]
    options = {"cwd": ROOT, "env": instance.environment, "stdout": subprocess.PIPE}
    both = [subprocess.Popen([*start, script.format(seconds)], **options) for seconds in (0, 2)]
    assert [process.communicate(timeout=60)[0].split()[-1:] for process in both] == [[b"there"], [b"there"]]
    assert not [process for process in processes.table().values() if str(instance.data) in process.command]


@pytest.mark.parametrize("command", [["help"], ["version"], ["check"], ["migrate", "--help"]])
def test_a_command_that_needs_no_database_starts_none(instance: Instance, command: list[str]) -> None:
    assert instance.manage(*command).returncode == 0
    assert not (instance.data / "postgres").exists()
