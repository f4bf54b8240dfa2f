"""Connections to upstreams: kept, shared by all calls of an event loop, and opened anew where a kept one was gone."""

import asyncio
import ssl
from functools import lru_cache
from typing import Any

import aiohttp

from accounts import addresses
from gateway import egress
from gateway.models import Upstream

KEEP_ALIVE = 3.0  # seconds; less than servers keep theirs, so that hardly one closes just as we send

Headers = dict[str, str]

_sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
_keepers: set[asyncio.Task[None] | None] = set()


class Connection:
    """What becomes known of the one that a question goes over."""

    was_kept = False  # from an earlier question

    @staticmethod
    async def reused(_session: aiohttp.ClientSession, trace: Any, _about: object) -> None:
        trace.trace_request_ctx.was_kept = True


async def post(
    upstream: Upstream, path: str, data: bytes | aiohttp.FormData, headers: Headers
) -> aiohttp.ClientResponse:
    """Raises what aiohttp does."""
    while True:
        connection = Connection()
        try:
            return await _post(upstream, path, data, headers, connection)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not connection.was_kept or not isinstance(data, bytes):
                raise
            # its server closed it before it saw the question; a new one will do, once no more are kept


async def _post(
    upstream: Upstream, path: str, data: bytes | aiohttp.FormData, headers: Headers, connection: Connection
) -> aiohttp.ClientResponse:
    return await _session().post(
        upstream.base_url.rstrip("/") + path,
        data=data,
        headers=headers,
        allow_redirects=False,
        ssl=_trust(upstream.certificate) if upstream.certificate else True,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=upstream.connect_timeout),
        trace_request_ctx=connection,
    )


def _session() -> aiohttp.ClientSession:
    loop = asyncio.get_running_loop()
    session = _sessions.get(loop)
    if session is None or session.closed:
        for ended in [other for other in _sessions if other.is_closed()]:
            del _sessions[ended]
        session = _sessions[loop] = _new_session()
        _keepers.add(loop.create_task(_close_at_the_end(session)))
    return session


def _new_session() -> aiohttp.ClientSession:
    watch = aiohttp.TraceConfig()
    watch.on_connection_reuseconn.append(Connection.reused)
    return egress.session(addresses.anywhere, {"limit": 0, "keepalive_timeout": KEEP_ALIVE}, trace_configs=[watch])


async def _close_at_the_end(session: aiohttp.ClientSession) -> None:
    """The loop's end cancels this task."""
    try:
        await asyncio.Event().wait()
    finally:
        _keepers.discard(asyncio.current_task())
        await session.close()


@lru_cache(maxsize=32)
def _trust(certificate: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=certificate)
