"""Starting, and above all ending: whatever happens to the supervisor, nothing stays behind and nothing is lost."""

import contextlib
import os
import signal
import socket
import time

from tests.run.instance import Instance, eventually, still_running

CREATE = "from accounts.models import User; User.objects.create_user('alice@example.org')"
COUNT = "from accounts.models import User; print(User.objects.count())"
HALF_A_REQUEST = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"


def test_ctrl_c_ends_everything_and_the_next_start_is_quick_and_has_the_data(instance: Instance) -> None:
    family = instance.start().family()
    assert instance.manage("shell", "-c", CREATE).returncode == 0
    with socket.create_connection(("127.0.0.1", instance.port)) as client:
        client.send(HALF_A_REQUEST)  # nor does an open connection hold up the end
        assert instance.stop(signal.SIGINT) == 0
    assert not still_running(family)
    begin = time.monotonic()
    instance.start()
    assert time.monotonic() - begin < 20  # a few seconds on a machine with nothing else to do
    assert instance.manage("shell", "-c", COUNT).stdout.strip().endswith("1")


def test_after_any_kill_nothing_stays_and_the_next_start_works(instance: Instance) -> None:
    family = instance.start().family()
    instance.supervisor.kill()
    instance.supervisor.wait()
    assert instance.start().get("/readyz")[0] == 200  # at once: it waits by itself for what the guardian still ends
    assert eventually(lambda: not still_running(family))
    for process in sorted(instance.family(), key=lambda process: "guardian" not in process.command):
        with contextlib.suppress(ProcessLookupError):  # gone with its parent
            os.kill(process.pid, signal.SIGKILL)
    instance.supervisor.wait()
    assert (instance.data / "postgres" / "postmaster.pid").exists()
    assert instance.start().get("/readyz")[0] == 200


def test_a_request_to_end_during_the_start_is_heard(instance: Instance) -> None:
    instance.begin_start()
    assert eventually(lambda: instance.pid_of("prepare"))
    family = instance.family()
    assert instance.stop(signal.SIGTERM) == 0
    assert not still_running(family)
