"""Asking an upstream what it serves; for commands, the panel and jobs, hence callable where no event loop runs.

Everything here is bounded, whatever the other side does: one time for all questions together, a size for each answer,
no redirects, proxies, cookies or compression. The key goes to the registered address alone.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

import aiohttp
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import addresses
from gateway import egress, exceptions
from gateway.models import Upstream
from gateway.refusals import refusal

TIMEOUT = 10.0  # seconds
LARGEST = 2 * 2**20  # bytes of an answer
AT_ONCE = 4  # questions to one server
X509_EXPIRED, X509_OTHER_NAMES = 10, (62, 64)  # OpenSSL's numbers
UNAVAILABLE = 503
NO_KEY = gettext_lazy("The server does not name its models. Is the API key right?")
NO_LIST = gettext_lazy("There is no list of models at this address. Does it end in /v1?")
KEY_REFUSED, NOT_THERE = (401, 403), (404, 405)  # statuses

Result = TypeVar("Result")
Entry = dict[str, Any]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Not `asyncio.run`: at its end that one waits for name servers that stay silent."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


class Visit:
    """Questions to one upstream, all of them over at `deadline` by the loop's clock."""

    def __init__(self, upstream: Upstream, session: aiohttp.ClientSession, deadline: float) -> None:
        self.upstream = upstream
        self.base = upstream.base_url.rstrip("/")
        self.status = 0  # of the last answer
        self._session, self._deadline = session, deadline
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def models(self) -> list[Entry]:
        """Raises UpstreamError."""
        with understood():
            status, answer = await self._ask("GET", f"{self.base}/models")
            if status in KEY_REFUSED:
                raise exceptions.KeyRefused(str(NO_KEY))
            if status in NOT_THERE:
                raise exceptions.UpstreamError(str(NO_LIST))
            if status != 200:
                raise refusal(status, _parsed(answer))
            listed = json.loads(answer)
        models = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(models, list):
            raise exceptions.UpstreamBroken
        return [model for model in models if isinstance(model, dict) and isinstance(model.get("id"), str)]

    async def tells(self, path: str, body: Entry | None = None) -> Entry:
        """What it answers beside the OpenAI API, at a path next to /v1; empty where it does not."""
        if not self.base.endswith("/v1"):
            return {}
        with contextlib.suppress(exceptions.UpstreamError), understood():
            url = self.base.removesuffix("/v1") + path
            status, answer = await self._ask("GET" if body is None else "POST", url, body)
            told = _parsed(answer) if status == 200 else None
            return told if isinstance(told, dict) else {}
        return {}

    async def is_loading(self) -> bool:
        """Whether it says so next to /v1: llama.cpp lists a model before it has loaded it. A proxy that knows /v1 alone
        says nothing of a model."""
        with contextlib.suppress(exceptions.UpstreamError), understood():
            status, answer = await self._ask("GET", self.base.removesuffix("/v1") + "/health")
            told = _parsed(answer)
            return status == UNAVAILABLE and isinstance(told, dict) and "error" in told
        return False

    async def takes(self, path: str) -> bool:
        """Whether it has this address of the OpenAI API: an empty question is wrong there, not unknown."""
        with contextlib.suppress(exceptions.UpstreamError), understood():
            return (await self._ask("POST", self.base + path, {}))[0] in (400, 422)
        return False

    async def _ask(self, method: str, url: str, body: Entry | None = None) -> tuple[int, bytes]:
        key = self.upstream.api_key
        headers = {"accept-encoding": "identity"} | ({"authorization": f"Bearer {key}"} if key else {})
        asked = self._session.request(method, url, json=body, headers=headers, allow_redirects=False)
        async with asyncio.timeout_at(self._deadline), self._turns, asked as answer:
            self.status = answer.status
            pieces, size = [], 0
            async for piece in answer.content.iter_any():
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST:
                    raise exceptions.UpstreamBroken
            return answer.status, b"".join(pieces)


@contextlib.asynccontextmanager
async def visit(upstream: Upstream, seconds: float = TIMEOUT) -> AsyncIterator[Visit]:
    trust = ssl.create_default_context(cadata=upstream.certificate) if upstream.certificate else True
    limits = aiohttp.ClientTimeout(total=None, sock_connect=min(seconds, upstream.connect_timeout))
    async with egress.session(addresses.anywhere, {"ssl": trust}, timeout=limits) as session:
        yield Visit(upstream, session, asyncio.get_running_loop().time() + seconds)


def _parsed(answer: bytes) -> Any:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(answer)
    return None


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Whatever goes wrong leaves as an UpstreamError that names no address."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError as error:
        raise exceptions.UpstreamUnreachable(_untrusted(error.certificate_error)) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise exceptions.UpstreamUnreachable from error
    except TimeoutError as error:
        raise exceptions.UpstreamTimeout from error
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
        raise exceptions.UpstreamUnreachable from error
    except (ValueError, RecursionError, aiohttp.ClientError) as error:
        raise exceptions.UpstreamBroken from error


def _untrusted(error: Exception) -> str:
    code = getattr(error, "verify_code", 0)
    if code == X509_EXPIRED:
        return _("The certificate of the model server has expired.")
    if code in X509_OTHER_NAMES:
        return _("The certificate of the model server is made out for another name.")
    return _("The certificate of the model server is not trusted: no authority known here has signed it.")
