"""A little internet on loopback: `127.0.0.9` passes for a public address, all others are what they are.

Names resolve to what a test says, one answer after the other.
"""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from accounts import addresses

PUBLIC, INSIDE = "127.0.0.9", "127.0.0.1"


class Server:
    """Answers everything with `status`, `headers` and `body`, and remembers who knocked."""

    def __init__(self, host: str) -> None:
        self.status, self.headers, self.body = 200, {}, b"hello"
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append((self.command, self.path, headers, sent))
                self.send_response(outer.status)
                for name, value in {"content-length": str(len(outer.body)), **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            do_POST = do_PUT = do_GET

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer((host, 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Names:
    """What the name server says, in turn; the last answer stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self._true = socket.getaddrinfo

    def say(self, name: str, *answers: list[str]) -> None:
        self.answers[name] = list(answers)

    def look_up(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if (answers := self.answers.get(host)) is None:
            return self._true(host, port, *args, **kwargs)
        now = answers.pop(0) if len(answers) > 1 else answers[0]
        return [found for address in now for found in self._true(address, port, *args, **kwargs)]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.look_up)
    return names


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of the public internet."""
    truly = addresses.outside
    monkeypatch.setattr(addresses, "outside", lambda address: address == PUBLIC or truly(address))
    server = Server(PUBLIC)
    yield server
    server.close()


@pytest.fixture
def inside() -> Iterator[Server]:
    """A server that nobody outside may reach through us."""
    server = Server(INSIDE)
    yield server
    server.close()
