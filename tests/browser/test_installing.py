"""Chromium takes Voliere for something to install, and shows an honest page when the server is away."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_looks import check
from tests.run.instance import Instance

pytestmark = pytest.mark.browser


class Line(socketserver.ThreadingTCPServer):
    """A line to the house that can be cut."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, port: int, target: int) -> None:
        self.target, self.open = target, set[socket.socket]()
        super().__init__(("127.0.0.1", port), Pipe)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def cut(self) -> None:
        self.shutdown()
        self.server_close()
        for one in self.open:
            one.close()


class Pipe(socketserver.BaseRequestHandler):
    server: Line

    def handle(self) -> None:
        with closing(socket.create_connection(("127.0.0.1", self.server.target))) as far:
            self.server.open |= {self.request, far}
            back = threading.Thread(target=self.pump, args=(far, self.request), daemon=True)
            back.start()
            self.pump(self.request, far)
            back.join(1)

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(65_536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def line(house: Instance) -> Iterator[Line]:
    line = Line(0, house.port)
    yield line
    line.cut()


def kept(page: Page) -> list[str]:
    """Every address of which the browser keeps a copy for us."""
    return page.evaluate(
        """async () => {
          const all = [];
          for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys()) all.push(new URL(request.url).pathname);
          return all;
        }"""
    )


def test_the_manifest_has_no_errors(open_page: OpenPage) -> None:
    page = open_page("/")
    session = page.context.new_cdp_session(page)
    found = session.send("Page.getAppManifest")
    assert found["errors"] == [] and json.loads(found["data"])["short_name"] == "Voliere"
    problems = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each["errorId"] for each in problems if each["errorId"] != "in-incognito"] == []


@pytest.mark.parametrize(("language", "said"), [("en", "No connection"), ("de", "Keine Verbindung")])
def test_without_the_server_a_page_says_so_and_nothing_of_a_persons_is_kept(
    open_page: OpenPage, house: Instance, line: Line, language: str, said: str
) -> None:
    port = line.server_address[1]
    page = open_page("/healthz", service_workers="allow", locale=language)
    page.goto(f"http://127.0.0.1:{port}/memory/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    for address in ("/", "/history/", "/memory/"):
        page.goto(f"http://127.0.0.1:{port}{address}")
    line.cut()
    page.goto(f"http://127.0.0.1:{port}/history/")
    expect(page.get_by_role("heading", name=said)).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "12px"  # with its styles
    assert set(kept(page)) and all(each == "/offline/" or each.endswith(".css") for each in kept(page))
    check(page)
    again = Line(port, house.port)
    page.get_by_role("link").click()
    expect(page.locator("#conversations")).to_be_attached()
    again.cut()
