"""A small server on loopback that answers what a test says: as a meter's page, or as a machine's start hook."""

import http.server
import threading
from typing import Self

Asked = tuple[str, str, dict[str, str], bytes]  # method, path, headers, body


class Scripted:
    def __init__(self) -> None:
        self.status, self.page, self.content_type = 200, b"", "text/plain; version=0.0.4"
        self.asked: list[Asked] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append((self.command, self.path, headers, body))
                self.send_response(outer.status)
                self.send_header("content-type", outer.content_type)
                self.send_header("location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()
                self.wfile.write(outer.page)

            do_GET = do_POST = answer

            def log_message(self, *about: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *about: object) -> None:
        self.server.shutdown()
        self.server.server_close()
