"""A kept connection whose server closes it just as the next question is sent."""

import asyncio
import json

import pytest

from gateway import exceptions, relay
from gateway.models import Upstream

ANSWER = json.dumps({"said": "piep"}).encode()


class Server:
    """Answers `patience` questions on each connection and closes it, without a word, at the next."""

    def __init__(self, patience: int) -> None:
        self.patience, self.questions, self.connections = patience, 0, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for left in range(self.patience, -1, -1):
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
            self.questions += 1
            if left:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
                writer.write(b"content-length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER))
        writer.close()

    async def ask(self, times: int) -> None:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        upstream = Upstream(name="nest", base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        async with server:
            for _ in range(times):
                assert await relay.post(upstream, "/chat/completions", {}) == {"said": "piep"}


async def test_the_question_is_asked_again_over_a_new_one() -> None:
    server = Server(patience=1)
    await server.ask(times=2)
    assert (server.questions, server.connections) == (3, 2)


async def test_a_server_that_closes_a_new_connection_is_not_asked_twice() -> None:
    server = Server(patience=0)
    with pytest.raises(exceptions.UpstreamBroken):
        await server.ask(times=1)
    assert server.questions == 1
