"""The way out: every connection that this server opens to an address that somebody named is opened here.

Two rules (`accounts.addresses`): `outside` for what a person, a model, a document or another server names, `anywhere`
for the servers that an admin registered. They are asked when a connection is dialled, about the address that is
dialled: a kept connection costs nothing more. Nobody redirects us, no proxy of the environment is used, and cookies are
not kept.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from accounts import addresses
from accounts.addresses import Rule
from accounts.exceptions import AddressRefused
from gateway import exceptions

LONGEST_URL = 2000
LOWEST_FREE_PORT = 1024  # below it live servers that take a line of HTTP for something else
PORTS = (80, 443)


class Answer(NamedTuple):
    status: int  # a redirect is an answer as any other
    headers: Mapping[str, str]
    body: bytes


def session(rule: Rule, connector: Mapping[str, Any] | None = None, **options: Any) -> aiohttp.ClientSession:
    """Of the running event loop. Whoever asks over it does so with `allow_redirects=False`."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=partial(_socket, rule), **(connector or {})),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        skip_auto_headers=["user-agent"],
        **options,
    )


async def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 10.0,  # noqa: ASYNC109  (of all of it, name server and body included)
    max_bytes: int = 64 * 1024,
) -> Answer:
    """One question to the outside, over in `timeout` seconds whatever happens; raises OutsideError."""
    place = check(url)
    try:
        async with asyncio.timeout(timeout), session(addresses.outside) as outside:
            asked = {"accept-encoding": "identity", **(headers or {})}
            async with outside.request(method, place, headers=asked, data=body, allow_redirects=False) as response:
                return Answer(response.status, response.headers, await _read(response, max_bytes))
    except aiohttp.ClientConnectorError as error:
        refused = isinstance(error.os_error, AddressRefused)
        raise exceptions.OutsideRefused if refused else exceptions.OutsideError from error
    except (TimeoutError, aiohttp.ClientError, ValueError) as error:
        raise exceptions.OutsideError from error


def check(url: str) -> URL:
    """What can be told without a name server, e.g. for a form: scheme, host, port; raises OutsideRefused.

    Where a name leads is found out when it is dialled.
    """
    try:
        place = URL(url)
        is_fine = _is_plain(url) and place.scheme in ("http", "https") and _is_host(place) and _is_port(place.port)
    except (TypeError, ValueError) as error:
        raise exceptions.OutsideRefused from error
    if not is_fine:
        raise exceptions.OutsideRefused
    return place


def _is_plain(url: str) -> bool:
    """Nothing in it that one program reads so and another otherwise."""
    return len(url) <= LONGEST_URL and url.isprintable() and not set(url) & {" ", "\\"}


def _is_host(place: URL) -> bool:
    host = place.host or ""
    if not host or "@" in place.raw_authority:
        return False
    last = host.rstrip(".").rpartition(".")[2]
    is_number = ":" in host or last[:1].isdigit()  # no name ends so, but many ways to write an address
    return addresses.outside(host) if is_number else True


def _is_port(port: int | None) -> bool:
    return port is not None and (port in PORTS or port >= LOWEST_FREE_PORT)


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    pieces, size = [], 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > max_bytes:
            response.close()
            raise exceptions.OutsideTooLarge
        pieces.append(piece)
    return b"".join(pieces)


def _socket(rule: Rule, place: Any) -> Any:
    family, kind, protocol, _name, address = place
    return addresses.open_socket(rule, family, kind, protocol, str(address[0]))
