"""Responses of servers that know them: relayed event by event, metered, under the public name."""

import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import Any

from gateway import calls, catalogue, responses, routing
from gateway.callers import Caller, standing
from gateway.calls import Running, Wanted
from gateway.completions import CHAT
from gateway.exceptions import GatewayError, UpstreamBroken
from gateway.metering import estimated_tokens, tokens_of_piece
from gateway.models import Deployment, Usage
from gateway.refusals import refusal
from gateway.relay import content_of
from gateway.responses import objects

PATH = "/responses"
LAST = ("response.completed", "response.incomplete")

Body = dict[str, Any]


async def are_known_to(caller: Caller, wanted: Wanted) -> bool:
    """Whether all that may answer know responses themselves; otherwise they are translated for all of them."""
    known, offered = await standing(caller), await catalogue.current()
    known.allow(wanted.scope)
    ahead, may_answer = offered.find(wanted.name, wanted.kind, known), dict[int, Deployment]()
    while ahead:  # to the last fallback: they may lead in a circle
        may_answer |= {each.id: each for each in ahead}
        instead = {each.fallback_id for each in ahead} - may_answer.keys()
        ahead = [offered.by_id[pk].deployment for pk in instead if pk in offered.by_id]
    return all(deployment.has_responses for deployment in may_answer.values())


async def answer(
    caller: Caller, body: Body, chat: Body, wanted: Wanted, admitted: Callable[[Running], None] = lambda call: None
) -> Body:
    """The whole response; `chat` is the same request as a chat completion, by which it is estimated."""
    async with calls.metered(caller, wanted, partial(CHAT.estimate, chat)) as call:
        found = await routing.post(call, PATH, responses.relayed_body(body) | {"stream": False})
        admitted(call)
        _check(found)
        if not isinstance(found.get("output"), list):
            raise UpstreamBroken
        call.meter.relayed(estimated_tokens(_said(found["output"])))
        call.meter.reported(_usage(found))
        call.meter.status = Usage.Status.DONE
    return found | _ours(body, call)


async def events(
    caller: Caller, body: Body, chat: Body, wanted: Wanted, admitted: Callable[[Running], None] = lambda call: None
) -> AsyncGenerator[bytes, None]:
    """As they go over the wire. An error before the first is raised, as there is still a status to say it with; a later
    one is told and then raised."""
    asked = responses.relayed_body(body) | {"stream": True}
    told = 0
    try:
        async with (
            calls.metered(caller, wanted, partial(CHAT.estimate, chat)) as call,
            routing.stream(call, PATH, asked) as source,
        ):
            async for event in _metered(source, call, body):
                if not told:
                    admitted(call)
                told += 1
                yield responses.encoded(event)
    except GatewayError as error:
        if told:
            yield responses.encoded(_error(error, told))
            error.is_told = True
        raise


async def _metered(source: AsyncIterator[bytes], call: Running, body: Body) -> AsyncIterator[Body]:
    async for raw in source:
        event = content_of(raw)
        kind = event.get("type")
        if not isinstance(kind, str) or not kind.startswith("response."):
            raise refusal(500, event) if kind == "error" else UpstreamBroken
        if kind.endswith(".delta") and isinstance(event.get("delta"), str):
            call.meter.relayed(tokens_of_piece(event["delta"]))
        if isinstance(response := event.get("response"), dict):
            _check(response)
            call.meter.reported(_usage(response))
            event["response"] = response | _ours(body, call)
        yield event
        if kind in LAST:
            call.meter.status = Usage.Status.DONE
            return
    raise UpstreamBroken


def _ours(body: Body, call: Running) -> Body:
    """The caller's own labels went no further than here."""
    return {"model": call.deployment.name, "metadata": body.get("metadata") or {}}


def _check(response: Body) -> None:
    if response.get("status") == "failed":
        raise refusal(500, response)


def _usage(response: Body) -> Body:
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return {}
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    return {name: usage.get(theirs) for name, theirs in names.items()} | {
        "prompt_tokens_details": usage.get("input_tokens_details")
    }


def _said(output: list[Any]) -> str:
    """Texts, thoughts and calls."""
    items = objects.dicts(output)
    parts = itertools.chain.from_iterable(objects.dicts(item.get("content")) for item in items)
    said = [part.get("text") for part in parts] + [item.get("arguments") for item in items]
    return "".join(text for text in said if isinstance(text, str))


def _error(error: GatewayError, number: int) -> Body:
    told = {"code": error.code, "message": str(error), "param": error.param}
    more = {"sequence_number": number, "error": told | {"type": objects.failure(error)["code"]}}
    return {"type": "error", **told, **more}
