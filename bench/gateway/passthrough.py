"""The yardstick: the least that a relay in Python does, on uvicorn and aiohttp. It checks and counts nothing."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

session: aiohttp.ClientSession | None = None


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and session:
        await relay(session, scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    global session
    await receive()
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout())
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await session.close()
    await send({"type": "lifespan.shutdown.complete"})


async def relay(session: aiohttp.ClientSession, scope: dict[str, Any], receive: Receive, send: Send) -> None:
    body, headers = await read(receive), {"content-type": "application/json"}
    async with session.request(scope["method"], UPSTREAM + scope["path"], data=body, headers=headers) as response:
        kind = response.headers.get("content-type", "").encode()
        await send({"type": "http.response.start", "status": response.status, "headers": [(b"content-type", kind)]})
        if response.content_type == "text/event-stream":
            await relay_pieces(response, receive, send)
        else:
            await send({"type": "http.response.body", "body": await response.read()})


async def relay_pieces(response: aiohttp.ClientResponse, receive: Receive, send: Send) -> None:
    gone = asyncio.ensure_future(receive())  # nothing but a hang-up comes after the body
    try:
        async for piece in response.content.iter_any():
            if gone.done():
                return response.close()
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})
    finally:
        gone.cancel()


async def read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
