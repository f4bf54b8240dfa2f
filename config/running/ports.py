"""Which ports are free, and who is there behind the others."""

import contextlib
import http.client
import socket

from config.running.exceptions import StartError


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(host: str, port: int, timeout: float = 0.5) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout):
        return True
    return False


def answers(host: str, port: int) -> bool:
    """Whether a web server is at work there, whatever it thinks of our Host header."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    return False


def check_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        raise StartError(
            f"Cannot use {host}:{port}: {error.strerror}. Choose another, e.g. `make run PORT=8001`."
        ) from error
