"""Starting, and above all ending: whatever happens to the supervisor, nothing stays behind and nothing is lost."""

import contextlib
import os
import signal
import socket
import time

import psycopg

from tests.run.instance import COMMAND, Instance, eventually, still_running

HALF_A_REQUEST = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"


def test_ctrl_c_ends_everything_and_the_next_start_is_quick_and_has_the_data(running: Instance) -> None:
    with psycopg.connect(running.services["DATABASE_URL"]) as database:
        database.execute("CREATE TABLE kept AS SELECT 'still here'")
    family = running.family()
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        client.send(HALF_A_REQUEST)  # nor does an open connection hold up the end
        assert running.stop(signal.SIGINT) == 0
    assert not still_running(family)
    begin = time.monotonic()
    running.run()
    assert time.monotonic() - begin < 40  # a few seconds on a machine with nothing else to do
    with psycopg.connect(running.services["DATABASE_URL"]) as database:
        assert database.execute("TABLE kept").fetchone() == ("still here",)


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_works_at_once(running: Instance) -> None:
    family = running.family()
    running.kill()
    assert running.run().get("/readyz")[0] == 200  # it waits by itself for what the guardian still ends
    assert not still_running(family)


def test_after_everything_was_killed_the_services_start_again(running: Instance) -> None:
    for process in sorted(running.family(), key=lambda process: "guardian" not in process.command):
        with contextlib.suppress(ProcessLookupError):  # gone with its parent
            os.kill(process.pid, signal.SIGKILL)
    running.kill()
    assert (running.data / "postgres" / "postmaster.pid").exists()
    alone = running.python("-c", COMMAND, "0")
    assert alone.returncode == 0, alone.stderr


def test_a_request_to_end_during_the_start_is_heard(instance: Instance) -> None:
    instance.begin_start()
    assert eventually(lambda: instance.pid_of("prepare"))
    family = instance.family()
    assert instance.stop(signal.SIGTERM) == 0
    assert not still_running(family)
