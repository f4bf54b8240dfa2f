"""Chat completions: the parsed pieces of an upstream's answer, metered."""

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Any

from gateway import calls, relay, requests
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import UpstreamBroken
from gateway.metering import Meter, estimated_tokens, tokens_of_piece
from gateway.models import Deployment, Purpose, Usage

PATH = "/chat/completions"
Piece = dict[str, Any]


async def stream(caller: Caller, body: dict[str, Any], *, purpose: Purpose) -> AsyncGenerator[Piece, None]:
    """The pieces of the answer as they come; the last one has no choices and carries `usage`.

    By then the call is settled. Closing the generator stops the upstream and settles what was relayed.
    """
    body = requests.chat(body)
    deployment = await _deployment(body)
    estimate = requests.estimate_chat(body, deployment.context_length)
    upstream_body = body | {"model": deployment.model, "stream": True, "stream_options": {"include_usage": True}}
    last: Piece = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time())}
    async with calls.metered(caller, deployment, purpose, estimate) as meter:
        pieces = relay.stream(deployment.upstream, PATH, upstream_body)
        async with contextlib.aclosing(_metered(pieces, meter)) as relayed:
            async for piece in relayed:
                piece["model"] = deployment.name
                last |= {name: piece[name] for name in ("id", "created") if name in piece}
                yield piece
    head = {"object": "chat.completion.chunk", "model": deployment.name, "choices": []}
    yield last | head | {"usage": _usage(meter)}


async def complete(caller: Caller, body: dict[str, Any], *, purpose: Purpose) -> dict[str, Any]:
    """The whole answer at once, always with `usage`."""
    body = requests.chat(body)
    deployment = await _deployment(body)
    estimate = requests.estimate_chat(body, deployment.context_length)
    body.pop("stream_options", None)
    async with calls.metered(caller, deployment, purpose, estimate) as meter:
        answer = await relay.post(deployment.upstream, PATH, body | {"model": deployment.model, "stream": False})
        choices = _choices(answer)
        if not choices:
            raise UpstreamBroken
        meter.relayed(sum(estimated_tokens(_text(choice.get("message"))) for choice in choices))
        meter.reported(answer.get("usage"))
        meter.status = Usage.Status.DONE
    return answer | {"model": deployment.name, "usage": _usage(meter)}


async def _deployment(body: dict[str, Any]) -> Deployment:
    return await in_database(Deployment.objects.find, body.get("model", ""), Deployment.Kind.CHAT)


async def _metered(pieces: AsyncGenerator[Piece, None], meter: Meter) -> AsyncGenerator[Piece, None]:
    """Count what passes and take the upstream's own count out of it."""
    finished = False
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            meter.reported(piece.pop("usage", None))
            choices = _choices(piece)
            if not choices:
                continue
            finished = finished or any(choice.get("finish_reason") for choice in choices)
            if text := "".join(_text(choice.get("delta")) for choice in choices):
                meter.relayed(tokens_of_piece(text))
            yield piece
    if not finished:
        raise UpstreamBroken
    meter.status = Usage.Status.DONE


def _choices(answer: Piece) -> list[dict[str, Any]]:
    choices = answer.get("choices") or []
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise UpstreamBroken
    return choices


def _text(message: object) -> str:
    """All that a message or a delta says, thinks and calls."""
    if not isinstance(message, dict):
        return ""
    said = [message.get(name) for name in ("content", "reasoning_content", "reasoning", "refusal")]
    for call in message.get("tool_calls") or []:
        function = call.get("function") if isinstance(call, dict) else None
        said += [function.get("name"), function.get("arguments")] if isinstance(function, dict) else []
    return "".join(part for part in said if isinstance(part, str))


def _usage(meter: Meter) -> dict[str, int]:
    consumed = meter.consumption()
    return {
        "prompt_tokens": consumed.input_tokens,
        "completion_tokens": consumed.output_tokens,
        "total_tokens": consumed.input_tokens + consumed.output_tokens,
    }
