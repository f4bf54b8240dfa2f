"""Connections to upstreams: kept, shared by all calls of an event loop, and opened anew where a kept one was gone."""

import asyncio
import ssl
from contextlib import suppress
from contextvars import ContextVar
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

from accounts import addresses
from gateway import egress
from gateway.models import Upstream

KEEP_ALIVE = 3.0  # seconds; less than servers keep theirs, so that hardly one closes just as we send

Headers = dict[str, str]

_sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
_keepers: set[asyncio.Task[None] | None] = set()
_connection: ContextVar["Connection"] = ContextVar("connection")
_addresses: dict[str, str] = {}  # by that of the upstream: the one that answered last


class Reached(StrEnum):
    """Where an address leads. That of a proxy says nothing of what is behind it."""

    THIS_MACHINE = "this machine"
    PRIVATE = "private"
    PUBLIC = "public"
    UNKNOWN = ""


class Connection:
    """What becomes known of the one that a question goes over."""

    is_new = False  # not kept from an earlier question


async def post(
    upstream: Upstream, path: str, data: bytes | aiohttp.FormData, headers: Headers
) -> aiohttp.ClientResponse:
    """Raises what aiohttp does."""
    while True:
        connection = Connection()
        _connection.set(connection)
        try:
            return await _post(upstream, path, data, headers)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if connection.is_new or not isinstance(data, bytes):
                raise
            # its server closed it before it saw the question; a new one will do, once no more are kept


async def _post(
    upstream: Upstream, path: str, data: bytes | aiohttp.FormData, headers: Headers
) -> aiohttp.ClientResponse:
    response = await _session().post(
        upstream.base_url.rstrip("/") + path,
        data=data,
        headers=headers,
        allow_redirects=False,
        ssl=_trust(upstream.certificate) if upstream.certificate else True,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=upstream.connect_timeout),
    )
    _remember(upstream, response)
    return response


def _remember(upstream: Upstream, response: aiohttp.ClientResponse) -> None:
    """A short answer may have come as a whole, and its connection gone back: then an earlier one has to do, or the
    name that is an address."""
    if (connection := response.connection) and connection.transport:
        peer = connection.transport.get_extra_info("peername")
        _addresses[upstream.base_url] = str(peer[0]) if peer else ""


def reached(upstream: Upstream) -> Reached:
    """By the address that this process talked to."""
    with suppress(ValueError):
        address = ip_address(_addresses.get(upstream.base_url) or urlsplit(upstream.base_url).hostname or "")
        address = getattr(address, "ipv4_mapped", None) or address
        if address.is_loopback:
            return Reached.THIS_MACHINE
        return Reached.PUBLIC if address.is_global else Reached.PRIVATE
    return Reached.UNKNOWN


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
    return egress.session(_dialled, {"limit": 0, "keepalive_timeout": KEEP_ALIVE})


def _dialled(address: str) -> bool:
    """The rule is asked only when a connection is opened, in the context of the question that needs it. aiohttp's own
    way to tell, a `TraceConfig`, costs as much again as the question."""
    _connection.get().is_new = True
    return addresses.anywhere(address)


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
