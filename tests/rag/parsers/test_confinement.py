import socket
import subprocess
import sys

import pytest
from django.conf import settings

AROUND = """
import ctypes, os, socket, subprocess
from rag.parsers import confinement
{code}
"""
CAN_LEAVE = "print(confinement.leave_the_network())"
# by libc itself, where no hook of Python listens
CONNECT = """
confinement.confine()
libc = ctypes.CDLL(None, use_errno=True)
address = (2).to_bytes(2, "little") + ({port}).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
print(libc.connect(libc.socket(2, 1, 0), address, len(address)))
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", AROUND.format(code=code)]
    return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True)


@pytest.fixture
def listening() -> socket.socket:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_what_goes_around_python_reaches_no_network_either(listening: socket.socket) -> None:
    if run(CAN_LEAVE).stdout.strip() != "True":
        pytest.skip("this kernel lets nobody leave the network")
    port = listening.getsockname()[1]
    assert run(CONNECT.format(port=port).replace("confinement.confine()", "")).stdout.strip() == "0"
    assert run(CONNECT.format(port=port)).stdout.strip() == "-1"


@pytest.mark.parametrize(
    "deed",
    [
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "socket.create_connection(('127.0.0.1', 1))",
        "socket.socket().bind(('127.0.0.1', 0))",
    ],
)
def test_a_parser_starts_no_program_and_speaks_to_nobody(deed: str) -> None:
    ended = run(f"confinement.confine()\n{deed}")
    assert "PermissionError" in ended.stderr


def test_only_the_named_program_may_be_become() -> None:
    become = "confinement.confine(becomes='/bin/echo')\nos.execv('{}', ['x', 'still here'])"
    assert run(become.format("/bin/echo")).stdout == "still here\n"
    assert "PermissionError" in run(become.format("/bin/true")).stderr


def test_memory_is_limited() -> None:
    assert "MemoryError" in run("confinement.confine()\nbytes(2 * 1024**3)").stderr
