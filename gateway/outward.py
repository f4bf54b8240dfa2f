"""One question to an address that an admin entered, as a meter's or a hook's: it may well be a private one.

Bounded in time and size, without redirects, proxies, cookies and compression. Whatever goes wrong is an UpstreamError.
"""

import asyncio
from typing import Any, NamedTuple

import aiohttp

from accounts import addresses
from gateway import egress
from gateway.exceptions import UpstreamBroken
from gateway.probing import understood

LARGEST = 4 * 2**20  # bytes


class Answer(NamedTuple):
    status: int
    raw: bytes


async def ask(
    method: str, url: str, *, seconds: float, authorization: str = "", body: dict[str, Any] | None = None
) -> Answer:
    headers = {"accept-encoding": "identity"} | ({"authorization": authorization} if authorization else {})
    with understood():
        async with (
            asyncio.timeout(seconds),
            egress.session(addresses.anywhere) as session,
            session.request(method, url, json=body, headers=headers, allow_redirects=False) as answer,
        ):
            return Answer(answer.status, await _whole(answer.content))


async def _whole(content: aiohttp.StreamReader) -> bytes:
    raw = b""
    async for piece in content.iter_any():
        raw += piece
        if len(raw) > LARGEST:
            raise UpstreamBroken
    return raw
