"""Our translation behind a real socket: a server of a few lines in front of a scripted chat completion."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import openai
import pytest
import uvicorn

from gateway.exceptions import GatewayError
from gateway.responses import chat_body, encoded, events, response
from tests.gateway.responses.chunks import Chunk, completion, pieces


@dataclass
class Translator:
    """As an ASGI application; a test says what the model answers and sees what it was asked."""

    chunks: list[Chunk] = field(default_factory=list)
    completion: dict[str, Any] = field(default_factory=lambda: completion(content="Um neun."))
    error: GatewayError | None = None
    asked: dict[str, Any] = field(default_factory=dict)
    url: str = ""

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        raw, more = b"", True
        while more:
            message = await receive()
            raw, more = raw + message["body"], message.get("more_body", False)
        body = json.loads(raw)
        self.asked = chat_body(body)
        kind = b"text/event-stream" if body.get("stream") else b"application/json"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        if body.get("stream"):
            async for event in events(body, pieces(self.chunks, self.error)):
                await send({"type": "http.response.body", "body": encoded(event), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": json.dumps(response(body, self.completion)).encode()})


@pytest.fixture
def translator() -> Iterator[Translator]:
    translator = Translator()
    server = uvicorn.Server(uvicorn.Config(translator, port=0, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    translator.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    yield translator
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def sdk(translator: Translator) -> openai.OpenAI:
    return openai.OpenAI(base_url=translator.url, api_key="x", max_retries=0)
