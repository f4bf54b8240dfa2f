"""The wire to an upstream. Whatever goes wrong on it leaves here as a GatewayError that tells a caller no address."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Iterator, Mapping
from typing import Any, TypeVar

import httpx2
import openai

from gateway import exceptions
from gateway.models import Upstream
from gateway.requests import FIELDS

CONNECT = 5.0  # seconds, as all below
FIRST_TOKEN = 300.0  # a server may load the model first
BETWEEN_TOKENS = 60.0
TOTAL = 1800.0
LARGE = 100_000  # bytes of an answer
KEEP_ALIVE = 3.0  # less than servers keep theirs, so that none closes just as we send

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
_clients: dict[asyncio.AbstractEventLoop, httpx2.AsyncClient] = {}

ERRORS: Mapping[int, type[exceptions.UpstreamError]] = {
    400: exceptions.UpstreamRefused,
    413: exceptions.ContextTooLong,
    422: exceptions.UpstreamRefused,
    408: exceptions.UpstreamTimeout,
    504: exceptions.UpstreamTimeout,
    429: exceptions.UpstreamBusy,
    503: exceptions.UpstreamBusy,
}


async def post(upstream: Upstream, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """One question, one answer."""
    with _understood(upstream):
        response = await _within(TOTAL, _client(upstream).post(path, cast_to=httpx2.Response, body=body))
        answer = await _parsed(response.content)
        if not isinstance(answer, dict):
            raise exceptions.UpstreamBroken
        return answer


async def _parsed(raw: bytes) -> Any:
    if len(raw) < LARGE:
        return json.loads(raw)
    # one long call would keep the event loop waiting even from a thread; with a hook it is interrupted at each object
    return await asyncio.to_thread(json.loads, raw, object_hook=lambda found: found)


async def stream(upstream: Upstream, path: str, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    """The objects of an event stream. Leaving early closes the connection, which stops the upstream."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + TOTAL
    with _understood(upstream):
        events: openai.AsyncStream[object] = await _within(
            FIRST_TOKEN,
            _client(upstream).post(path, cast_to=object, body=body, stream=True, stream_cls=openai.AsyncStream[object]),
        )
        async with contextlib.aclosing(events.response):
            if not events.response.headers.get("content-type", "").startswith("text/event-stream"):
                raise exceptions.UpstreamBroken
            iterator, limit = aiter(events), FIRST_TOKEN
            while (event := await _within(min(limit, deadline - clock()), anext(iterator, None))) is not None:
                if not isinstance(event, dict):
                    raise exceptions.UpstreamBroken
                yield event
                limit = BETWEEN_TOKENS


def list_models(upstream: Upstream) -> list[dict[str, Any]]:
    """What the upstream says it serves; for commands and the panel, hence not async."""
    timeout = httpx2.Timeout(10.0, connect=CONNECT)
    with httpx2.Client(follow_redirects=False, trust_env=False) as http, _understood(upstream):
        client = openai.OpenAI(
            base_url=upstream.base_url, api_key=_credential(upstream), max_retries=0, timeout=timeout, http_client=http
        )
        answer = json.loads(client.get("/models", cast_to=httpx2.Response).content)
        models = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(models, list):
            raise exceptions.UpstreamBroken
        return [model for model in models if isinstance(model, dict) and isinstance(model.get("id"), str)]


def _credential(upstream: Upstream) -> str:
    return upstream.api_key or "none"  # the client insists on one; a server that wants none ignores it


def _client(upstream: Upstream) -> openai.AsyncOpenAI:
    """Connections are shared by all calls of an event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        for ended in [other for other in _clients if other.is_closed()]:
            del _clients[ended]  # a job's own loop is gone with the job, its connections go with the client
        _clients[loop] = httpx2.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=httpx2.Timeout(None, connect=CONNECT),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=KEEP_ALIVE),
        )
    return openai.AsyncOpenAI(
        base_url=upstream.base_url,
        api_key=_credential(upstream),
        max_retries=0,
        timeout=_clients[loop].timeout,
        http_client=_clients[loop],
    )


async def _within(seconds: float, answer: Awaitable[Result]) -> Result:
    async with asyncio.timeout(seconds):
        return await answer


@contextlib.contextmanager
def _understood(upstream: Upstream) -> Iterator[None]:
    try:
        yield
    except openai.APIStatusError as error:
        logger.warning("Upstream %s answered %s.", upstream.name, error.status_code)
        raise _refusal(error) from error
    except openai.APIConnectionError as error:
        logger.warning("Upstream %s: %r", upstream.name, error.__cause__)
        raise _disconnection(error) from error
    except TimeoutError as error:
        logger.warning("Upstream %s took too long.", upstream.name)
        raise exceptions.UpstreamTimeout from error
    except openai.APIError as error:  # told inside the stream
        logger.warning("Upstream %s broke off with an error.", upstream.name)
        raise exceptions.UpstreamError from error
    except (ValueError, httpx2.HTTPError) as error:
        logger.warning("Upstream %s sent something unreadable.", upstream.name)
        raise exceptions.UpstreamBroken from error


def _disconnection(error: openai.APIConnectionError) -> exceptions.UpstreamError:
    if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
        return exceptions.UpstreamUnreachable()
    if isinstance(error, openai.APITimeoutError):
        return exceptions.UpstreamTimeout()
    return exceptions.UpstreamBroken()


def _refusal(error: openai.APIStatusError) -> exceptions.UpstreamError:
    """Only a field of ours is named, never what the upstream wrote: it may quote its address or a key."""
    details = error.body if isinstance(error.body, dict) else {}
    text = f"{details.get('code')} {details.get('message')}".lower()
    if error.status_code == 400 and ("context_length" in text or "context length" in text):
        return exceptions.ContextTooLong()
    kind = ERRORS.get(error.status_code, exceptions.UpstreamError)
    param = details.get("param")
    return kind(
        param=param if isinstance(param, str) and param in FIELDS else None,
        retry_after=5 if kind is exceptions.UpstreamBusy else None,
    )
