"""One running instance, and what else happens on its machine."""

import os
import signal
from pathlib import Path

import pytest

from tests.run.instance import Instance, eventually

PORT_OF_DATABASE = "from django.db import connection; print(connection.settings_dict['PORT'])"


def test_it_is_ready(running: Instance) -> None:
    status, body = running.get("/readyz")
    assert status == 200, body


def test_an_ordinary_user_can_run_it(running: Instance) -> None:
    if running.user == 0:
        pytest.skip("no Python here that another user than root may run")
    assert {Path(f"/proc/{process.pid}").stat().st_uid for process in running.family()} == {running.user}


def test_it_prints_its_address_and_the_way_in(running: Instance) -> None:
    assert f"Voliere is ready: http://127.0.0.1:{running.port}" in running.log
    assert f"Set up the first administrator here: http://127.0.0.1:{running.port}/" in running.log


def test_a_command_uses_the_services_that_run(running: Instance) -> None:
    answer = running.manage("shell", "-c", PORT_OF_DATABASE)
    assert f":{answer.stdout.split()[-1]}/voliere" in running.services["DATABASE_URL"], answer.stderr


def test_the_place_of_the_services_is_for_the_owner_alone(running: Instance) -> None:
    assert (running.data / "run" / "services.json").stat().st_mode & 0o077 == 0


def test_no_password_stands_in_a_command_line(running: Instance) -> None:
    password = running.services["REDIS_URL"].split(":")[2].partition("@")[0]
    assert running.family()
    assert not [process for process in running.family() if password in process.command]


def test_a_second_one_on_the_same_data_says_so(running: Instance) -> None:
    answer = running.manage("up")
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert f"process {running.supervisor.pid}" in answer.stderr


def test_a_taken_port_is_one_clear_line(running: Instance, instance: Instance) -> None:
    instance.environment["PORT"] = str(running.port)
    answer = instance.manage("up")
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert f"Cannot use 127.0.0.1:{running.port}" in answer.stderr


def test_a_killed_worker_is_started_again(running: Instance) -> None:
    worker = running.pid_of("celery", " -Q reading ")
    os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: "worker ended (signal 9)" in running.log)
    assert eventually(lambda: running.pid_of("celery", " -Q reading ") not in (0, worker))


PROBED = """
from gateway.models import Upstream
nest, _ = Upstream.objects.get_or_create(name="nest", defaults={"base_url": "http://127.0.0.1:1/v1"})
print("probed" if nest.probed_at else "never")
"""


def test_the_rounds_go_on_while_all_who_read_are_busy(running: Instance) -> None:
    readers = [process.pid for process in running.family() if " -Q reading " in process.command]
    assert readers
    for pid in readers:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert eventually(lambda: "probed" in running.manage("shell", "-v", "0", "-c", PROBED).stdout, 90)
    finally:
        for pid in readers:
            os.kill(pid, signal.SIGCONT)


def test_a_killed_database_comes_back_at_the_same_address(running: Instance) -> None:
    os.kill(running.pid_of("postgres", " -D "), signal.SIGKILL)
    assert eventually(lambda: "postgres ended (signal 9)" in running.log)
    assert eventually(lambda: running.get("/readyz")[0] == 200)
