"""A model server on loopback that does what a test tells it, and remembers what it was asked.

    def test_something(fake_upstream):
        fake_upstream.reply("Guten Tag!", delay=0.01)     # the next call streams this, one word a token
        fake_upstream.fail(503)                           # the one after is refused
        ...
        assert fake_upstream.requests[0].body["model"] == "parrot"

Without a script it answers `DEFAULT_TEXT`. Scripts are used up in order, one a call; `/models` needs none. Texts
are sent a word at a time, each counted as one token; `usage` tells so unless it is given otherwise.
"""

import asyncio
import email
import hashlib
import json
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Self

DEFAULT_TEXT = "The aviary opens at nine."
DIMENSIONS = 32


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    tokens_sent: int = 0
    began_at: float = field(default_factory=time.monotonic)
    ended_at: float | None = None
    disconnected_at: float | None = None


@dataclass
class Connection:
    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self, status: int, content_type: str, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Scripted", f"content-type: {content_type}", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        await self.writer.drain()

    async def json(self, content: object, status: int = 200) -> None:
        raw = json.dumps(content).encode()
        await self.head(status, "application/json", content_length=str(len(raw)))
        self.writer.write(raw)

    async def chunk(self, raw: bytes) -> None:
        self.writer.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        await self.writer.drain()

    async def event(self, content: object) -> None:
        raw = content if isinstance(content, str) else json.dumps(content)
        await self.chunk(f"data: {raw}\n\n".encode())

    async def wait(self, seconds: float) -> None:
        """Sleep, but notice the other side going away."""
        try:
            await asyncio.wait_for(self.reader.read(1), seconds)
        except TimeoutError:
            return
        raise ConnectionResetError


Script = Callable[[Connection], Coroutine[Any, Any, None]]


@dataclass
class FakeUpstream:
    requests: list[Request] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=lambda: [{"id": "parrot"}, {"id": "bge-finch"}])
    models_status: int = 200
    models_hang: bool = False
    models_location: str = ""  # of a redirect
    titles: dict[str, str] | None = None  # by question, where a chat asks for one beside all else; None: as any call
    tls: ssl.SSLContext | None = None
    url: str = ""

    def __post_init__(self) -> None:
        self._scripts: deque[Script] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    # --- what the next call gets -----------------------------------------------------------------------------------

    def reply(
        self,
        text: str = DEFAULT_TEXT,
        *,
        delay: float = 0,
        usage: object = "counted",
        stall_after: int | None = None,
        break_after: int | None = None,
    ) -> None:
        """Answer `text`, `delay` seconds before each word; `usage=None` tells none, any other value is sent as it is.

        After so many words, stall for ever or cut the connection.
        """
        script = Reply(text, delay, usage, stall_after, break_after)
        self._scripts.append(script)

    def fail(self, status: int, message: str = "scripted failure", code: str | None = None, **error: object) -> None:
        content = {"error": {"message": message, "type": "scripted", "code": code, **error}}
        self._scripts.append(lambda connection: connection.json(content, status))

    def send(self, raw: bytes, *, content_type: str = "text/event-stream", status: int = 200, **headers: str) -> None:
        """Answer exactly these bytes and close."""

        async def script(connection: Connection) -> None:
            await connection.head(status, content_type, **headers)
            connection.writer.write(raw)

        self._scripts.append(script)

    def do(self, script: Script) -> None:
        """Anything else."""
        self._scripts.append(script)

    def entitle(self, question: str, title: str) -> None:
        """Name so the conversation that begins with this question."""
        self.titles = (self.titles or {}) | {question: title}

    def hang(self) -> None:
        """Take the question and never say a word."""
        self._scripts.append(lambda connection: connection.wait(60))

    def forget(self) -> None:
        """What was scripted and not asked for."""
        self._scripts.clear()

    # --- what came of it -------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def wait_for(self, condition: Callable[["FakeUpstream"], object], seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.01)

    # --- the server ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls), self._loop
        )
        self._server = starting.result(5)
        scheme = "https" if self.tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read(reader)
            if request is None:
                return
            self.requests.append(request)
            try:
                await self._script(request)(Connection(request, reader, writer))
                await writer.drain()
            except ConnectionAbortedError:
                pass  # by the script itself
            except ConnectionError:
                request.disconnected_at = time.monotonic()
            finally:
                request.ended_at = time.monotonic()
        finally:
            writer.close()

    def _script(self, request: Request) -> Script:
        if request.method == "GET" and not request.path.startswith("/v1/"):
            return lambda connection: connection.json({"error": "nothing but the OpenAI API here"}, 404)
        if request.path.endswith("/models") and self.models_hang:
            return lambda connection: connection.wait(60)
        if request.path.endswith("/models") and self.models_location:
            self.send(b"", status=self.models_status, location=self.models_location)
            return self._scripts.popleft()
        if request.path.endswith("/models"):
            return lambda connection: connection.json({"object": "list", "data": self.models}, self.models_status)
        if self.titles is not None and (question := _untitled(request)) is not None:
            return Reply(self.titles.get(question, ""))
        if self._scripts:
            return self._scripts.popleft()
        return ANSWERS.get(request.path.removeprefix("/v1")) or Reply(DEFAULT_TEXT)


def _untitled(request: Request) -> str | None:
    """The question of the conversation that a title is asked for."""
    match request.body.get("messages"):
        case [{"content": str(asked)}, {"content": str(exchange)}] if asked.startswith("Give this conversation a "):
            return exchange.partition("\n\n---\n\n")[0]
    return None


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    if headers.get("content-type", "").startswith("multipart/"):
        return Request(method, path, headers, _form(headers["content-type"], raw))
    return Request(method, path, headers, json.loads(raw) if raw else {})


def _form(content_type: str, raw: bytes) -> dict[str, Any]:
    """Its fields; of the file also its name, as `filename`."""
    message = email.message_from_bytes(f"content-type: {content_type}\r\n\r\n".encode() + raw)
    form: dict[str, Any] = {}
    for part in message.get_payload():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if filename := part.get_filename():
            form |= {"filename": filename, name: content}
        elif name.endswith("[]"):
            form[name] = [*form.get(name, []), content.decode()]
        else:
            form[name] = content.decode()
    return form


@dataclass
class Reply:
    text: str
    delay: float = 0
    usage: object = "counted"
    stall_after: int | None = None
    break_after: int | None = None

    async def __call__(self, connection: Connection) -> None:
        body = connection.request.body
        words = self.text.split(" ")
        pieces = [word if i == 0 else f" {word}" for i, word in enumerate(words)]
        counted = {"prompt_tokens": 7, "completion_tokens": len(pieces), "total_tokens": 7 + len(pieces)}
        usage = counted if self.usage == "counted" else self.usage
        if not body.get("stream"):
            await connection.wait(self.delay * len(pieces)) if self.delay else None
            whole = _completion(body, {"role": "assistant", "content": self.text}, usage)
            await connection.json(_as_asked(connection, whole))
            connection.request.tokens_sent = len(pieces)
            return
        await connection.head(200, "text/event-stream", transfer_encoding="chunked")
        await self._pieces(connection, body, pieces)
        await connection.event(_as_asked(connection, _piece(body, {}, "stop")))
        if usage is not None and (body.get("stream_options") or {}).get("include_usage"):
            await connection.event(_piece(body, None) | {"usage": usage})
        await connection.event("[DONE]")
        await connection.chunk(b"")

    async def _pieces(self, connection: Connection, body: dict[str, Any], pieces: list[str]) -> None:
        await connection.event(_as_asked(connection, _piece(body, {"role": "assistant", "content": ""})))
        for number, piece in enumerate(pieces):
            if number == self.break_after:
                raise ConnectionAbortedError
            await connection.wait(60 if number == self.stall_after else self.delay or 0.001)
            await connection.event(_as_asked(connection, _piece(body, {"content": piece})))
            connection.request.tokens_sent += 1


def _piece(body: dict[str, Any], delta: dict[str, Any] | None, finish_reason: str | None = None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    head = {"id": "chatcmpl-parrot", "object": "chat.completion.chunk", "created": 1, "model": body.get("model")}
    return head | {"choices": choices}


def _completion(body: dict[str, Any], message: dict[str, Any], usage: object) -> dict[str, Any]:
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    head = {"id": "chatcmpl-parrot", "object": "chat.completion", "created": 1, "model": body.get("model")}
    return head | {"choices": choices} | ({} if usage is None else {"usage": usage})


def _as_asked(connection: Connection, content: dict[str, Any]) -> dict[str, Any]:
    """For /completions a choice has a text."""
    if connection.request.path.endswith("/chat/completions"):
        return content
    choices = [
        {"index": 0, "text": (choice.get("delta") or choice.get("message") or {}).get("content", "")}
        | {"finish_reason": choice["finish_reason"], "logprobs": None}
        for choice in content["choices"]
    ]
    return content | {"id": "cmpl-parrot", "object": "text_completion", "choices": choices}


async def _rerank(connection: Connection) -> None:
    """The longer, the better; in the order in which they came."""
    body = connection.request.body
    results = [{"index": i, "relevance_score": len(text) / 100} for i, text in enumerate(body["documents"])]
    usage = {"total_tokens": len(results) * 3}
    await connection.json({"id": "rerank-finch", "model": body["model"], "results": results, "usage": usage})


async def _transcribe(connection: Connection) -> None:
    usage = {"type": "tokens", "input_tokens": 20, "output_tokens": 5, "total_tokens": 25}
    await connection.json({"text": DEFAULT_TEXT, "usage": usage})


async def _embed(connection: Connection) -> None:
    texts = connection.request.body["input"]
    data = [{"object": "embedding", "index": i, "embedding": vector_of(text)} for i, text in enumerate(texts)]
    usage = {"prompt_tokens": len(texts) * 3, "total_tokens": len(texts) * 3}
    await connection.json({"object": "list", "data": data, "model": "bge-finch", "usage": usage})


def vector_of(text: object) -> list[float]:
    """The same text, the same vector; different texts, different ones, as if they had nothing in common."""
    digest = hashlib.sha256(str(text).encode()).digest()
    return [byte / 127.5 - 1 for byte in digest[:DIMENSIONS]]


ANSWERS: dict[str, Script] = {"/embeddings": _embed, "/rerank": _rerank, "/audio/transcriptions": _transcribe}
