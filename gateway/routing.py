"""One question to the deployments that can answer it, in turn: to the next one when one fails before its first byte."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from gateway import connections, metrics, relay
from gateway.calls import Running
from gateway.connections import Reached
from gateway.exceptions import UpstreamError
from gateway.models import Deployment
from gateway.relay import Reply
from gateway.server_events import Events
from gateway.tracing import onward

Body = dict[str, Any]
CHAT = "/chat/completions"
LIMIT_AT = {CHAT: "max_tokens", "/completions": "max_tokens", "/responses": "max_output_tokens"}
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")  # the first that is stated counts


def body_for(deployment: Deployment, path: str, body: Body) -> Body:
    """With the deployment's own defaults and limits, in words that its server knows."""
    own = {**deployment.defaults, **body, "model": deployment.model}
    stated = [body.get(name) for name in LIMITS] + [deployment.defaults.get(name) for name in LIMITS]
    for name in LIMITS:
        own.pop(name, None)
    if path in LIMIT_AT:
        limits = [limit for limit in stated if limit is not None][:1]
        limits += [deployment.max_output_tokens] if deployment.max_output_tokens else []
        own |= {_limit_at(path, deployment, body): min(limits)} if limits else {}
    if path == CHAT and any(message["role"] == "developer" for message in own["messages"]) and _is_ones_own(deployment):
        own["messages"] = [_known(message) for message in own["messages"]]
    return own


def _known(message: Body) -> Body:
    """Templates of open models know no developer: they refuse him, or pass over what he says."""
    return message | {"role": "system"} if message["role"] == "developer" else message


def _is_ones_own(deployment: Deployment) -> bool:
    upstream = deployment.upstream
    return upstream.in_house or connections.reached(upstream) in (Reached.THIS_MACHINE, Reached.PRIVATE)


def _limit_at(path: str, deployment: Deployment, body: Body) -> str:
    """Some servers that one runs oneself know `max_tokens` alone and would not stop at anything else, while models
    elsewhere may refuse just that: they get what the caller named."""
    named = body if any(name in body for name in LIMITS) else deployment.defaults
    if path == CHAT and "max_completion_tokens" in named and not _is_ones_own(deployment):
        return "max_completion_tokens"
    return LIMIT_AT[path]


async def post(call: Running, path: str, body: Body) -> Body:
    while True:
        try:
            own = body_for(call.deployment, path, body)
            return await relay.post(call.deployment.upstream, path, own, onward(call.span))
        except UpstreamError as error:
            await call.move(error)


async def post_form(call: Running, path: str, form: Callable[[Deployment], aiohttp.FormData]) -> Reply:
    """A form is used up by being sent, so each deployment gets one of its own."""
    while True:
        try:
            own = form(call.deployment)
            return await relay.fetch(call.deployment.upstream, path, own, onward(call.span))
        except UpstreamError as error:
            await call.move(error)


@contextlib.asynccontextmanager
async def stream(call: Running, path: str, body: Body) -> AsyncIterator[Events]:
    """The events of one that has begun."""
    call.is_streamed = True
    while True:
        own = body_for(call.deployment, path, body)
        try:
            events = await relay.stream(call.deployment.upstream, path, own, onward(call.span), lambda: call.revoked)
        except UpstreamError as error:
            await call.move(error)
            continue
        with metrics.streams.track_inprogress(), contextlib.closing(events):
            yield events
        return
