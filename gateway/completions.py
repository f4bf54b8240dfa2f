"""Completions: the pieces of an upstream's answer, metered. Those of a chat; another `Form` stands for other ones."""

import contextlib
import json
import re
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from gateway import calls, requests, routing
from gateway.callers import Caller
from gateway.calls import Running, Wanted
from gateway.deltas import Shape
from gateway.exceptions import UpstreamBroken
from gateway.leases import Place
from gateway.metering import Estimate, Meter, estimated_tokens, tokens_of_piece
from gateway.models import Deployment, Purpose, Scope, Usage
from gateway.relay import content_of
from gateway.server_events import data_of, event_of

# a quoted name followed by a colon is a field: quotes inside of texts are escaped
MODEL_FIELD = re.compile(rb'"model":\s*"[^"\\]*"')
Piece = dict[str, Any]

_written = json.JSONEncoder(separators=(",", ":")).encode


class Form(NamedTuple):
    """Where an upstream is asked, what that may need, and what comes back."""

    path: str
    estimate: Callable[[Piece, Sequence[Deployment]], Estimate]
    text_of: Callable[[Piece], str]  # all that a choice, whole or a piece, says
    id_begins: str
    piece: str  # what a piece calls itself
    operation: str = "chat"  # as traces call it


def _said(choice: Piece) -> str:
    """All that a message or a delta says, thinks and calls."""
    message = choice.get("delta") or choice.get("message")
    if not isinstance(message, dict):
        return ""
    said = [message.get(name) for name in ("content", "reasoning_content", "reasoning", "refusal")]
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        said += [function.get("name"), function.get("arguments")] if isinstance(function, dict) else []
    return "".join(part for part in said if isinstance(part, str))


CHAT = Form("/chat/completions", requests.estimate_chat, _said, "chatcmpl-", "chat.completion.chunk")


async def stream(
    caller: Caller, body: dict[str, Any], *, purpose: Purpose, on_wait: Callable[[Place], None] = lambda place: None
) -> AsyncGenerator[Piece, None]:
    """The pieces of the answer as they come; the last one has no choices and carries `usage`.

    By then the call is settled. Closing the generator stops the upstream and settles what was relayed. `on_wait` hears
    the place of a call that stands in line.
    """
    body = requests.chat(body)
    async with contextlib.aclosing(events(caller, body, _wanted(body, purpose, on_wait))) as answer:
        async for event in answer:
            yield piece_of(event)


def _wanted(body: Piece, purpose: Purpose, on_wait: Callable[[Place], None] = lambda place: None) -> Wanted:
    return Wanted(body.get("model", ""), Deployment.Kind.CHAT, Scope.CHAT, purpose, on_wait=on_wait)


async def events(
    caller: Caller,
    body: Piece,
    wanted: Wanted,
    admitted: Callable[[Running], None] = lambda call: None,
    form: Form = CHAT,
    *,
    with_usage: bool = True,
) -> AsyncGenerator[bytes, None]:
    """The same of a checked body, each piece as the event that says it; `admitted` is told before the first."""
    upstream_body = body | {"stream": True, "stream_options": {"include_usage": True}}
    async with (
        calls.metered(caller, wanted, partial(form.estimate, body)) as call,
        routing.stream(call, form.path, upstream_body) as source,
    ):
        passage = _Passage(call, form)
        source.known, source.through = passage.shape.told, passage.through
        admitted(call)
        async for event in source:
            yield event
        passage.end()
    if with_usage:
        head = {"object": form.piece, "model": call.deployment.name, "choices": []}
        yield event_that_says(passage.origin | head | {"usage": usage_of(call.meter)})


def piece_of(event: bytes) -> Piece:
    piece: Piece = json.loads(data_of(event))
    return piece


def event_that_says(piece: Piece) -> bytes:
    return event_of(_written(piece).encode())


def _origin(piece: Piece, form: Form) -> Piece:
    """What all pieces of an answer have in common."""
    return {
        "id": piece.get("id") or f"{form.id_begins}{uuid.uuid4().hex}",
        "created": piece.get("created") or int(time.time()),
    }


async def complete(caller: Caller, body: dict[str, Any], *, purpose: Purpose) -> dict[str, Any]:
    """The whole answer at once, always with `usage`."""
    body = requests.chat(body)
    return await answer(caller, body, _wanted(body, purpose))


async def answer(
    caller: Caller,
    body: Piece,
    wanted: Wanted,
    admitted: Callable[[Running], None] = lambda call: None,
    form: Form = CHAT,
) -> dict[str, Any]:
    body.pop("stream_options", None)
    async with calls.metered(caller, wanted, partial(form.estimate, body)) as call:
        found = await routing.post(call, form.path, body | {"stream": False})
        admitted(call)
        choices = _choices(found)
        if not choices:
            raise UpstreamBroken
        call.meter.relayed(sum(estimated_tokens(form.text_of(choice)) for choice in choices))
        call.meter.reported(found.get("usage"))
        call.meter.status = Usage.Status.DONE
    return found | {"model": call.deployment.name, "usage": usage_of(call.meter)}


def _under_public_name(event: bytes, piece: Piece, name: str) -> bytes:
    if piece.get("model") == name:
        return event
    field = b'"model":' + json.dumps(name).encode()
    return MODEL_FIELD.sub(lambda _: field, event, count=1)


class _Passage:
    """Counts what passes and takes the upstream's own count out of it."""

    def __init__(self, call: Running, form: Form) -> None:
        self.call, self.form, self.meter = call, form, call.meter
        self.shape = Shape(call.meter)
        self.origin: Piece = {}
        self.is_finished = False

    def through(self, event: bytes) -> bytes | None:
        """What goes on of one that has to be parsed; raises UpstreamError."""
        piece = content_of(event)
        usage, choices = piece.pop("usage", None), _choices(piece)
        for choice in choices:
            self.is_finished = self.is_finished or bool(choice.get("finish_reason"))
            if text := self.form.text_of(choice):
                self.meter.relayed(tokens_of_piece(text))
        if usage:
            self.meter.reported(usage)  # of this piece, too
            event = event_that_says(piece)
        if not choices:
            return None
        self.origin = self.origin or _origin(piece, self.form)
        out = _under_public_name(event, piece, self.call.deployment.name)
        self.shape.learn(event, out, piece)
        return out

    def end(self) -> None:
        if not self.is_finished:
            raise UpstreamBroken
        self.meter.status = Usage.Status.DONE


def _choices(answer: Piece) -> list[dict[str, Any]]:
    choices = answer.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise UpstreamBroken
    return choices


def usage_of(meter: Meter) -> dict[str, Any]:
    consumed = meter.consumption()
    usage: dict[str, Any] = {
        "prompt_tokens": consumed.input_tokens,
        "completion_tokens": consumed.output_tokens,
        "total_tokens": consumed.input_tokens + consumed.output_tokens,
    }
    if consumed.cached_tokens:
        usage["prompt_tokens_details"] = {"cached_tokens": consumed.cached_tokens}
    if meter.reasoning_tokens:
        usage["completion_tokens_details"] = {"reasoning_tokens": meter.reasoning_tokens}
    return usage
