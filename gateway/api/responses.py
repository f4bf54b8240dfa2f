"""Responses, relayed where the servers know them, else translated into chat completions and back.

Nothing is stored: a request brings all of its conversation.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from gateway import assistants, completions, grounding, native_responses, requests, responses
from gateway.api.endpoints import named, purpose_of, tell_left_out, told
from gateway.api.http import Answer, Request
from gateway.assistants import Assistants
from gateway.calls import Wanted
from gateway.grounding import Search
from gateway.models import Deployment, Scope


async def create_response(request: Request, search: Search | None, others: Assistants | None = None) -> Answer:
    body = named(request)
    chat = requests.chat(responses.chat_body(body))
    tell_left_out(request, responses.tools_left_out(body))
    wanted = Wanted(body["model"], Deployment.Kind.CHAT, Scope.CHAT, purpose_of(request))
    path, given = responses.file_search(body) or ("", {})
    grounds, beside = None, dict[str, Any]()
    if part := await assistants.played(others, request.caller, chat, grounded_by=path):
        chat, request.caller, grounds, beside = part.chat, part.caller, part.grounds, part.told
        wanted = replace(wanted, name=chat["model"])
    elif path:  # the answer is to get its citations here
        grounds = await grounding.grounded(search, request.caller, chat, given, path)
        request.caller = grounds.caller
    elif await native_responses.are_known_to(request.caller, wanted):
        return await _relayed(request, body, chat, wanted)
    if body.get("stream") is not True:
        answer = await completions.answer(request.caller, chat, wanted, told(request))
        return Answer.of(responses.response(body, answer, grounds, beside))
    source = completions.events(request.caller, chat, wanted, told(request))
    events = _events(source, partial(responses.events, body, grounds=grounds, beside=beside))
    return await Answer.stream(events)


async def _relayed(request: Request, body: dict[str, Any], chat: dict[str, Any], wanted: Wanted) -> Answer:
    if body.get("stream") is not True:
        return Answer.of(await native_responses.answer(request.caller, body, chat, wanted, told(request)))
    events = native_responses.events(request.caller, body, chat, wanted, told(request))
    return await Answer.stream(events)


async def _events(
    source: AsyncGenerator[bytes, None], translated: Callable[[Any], AsyncGenerator[dict[str, Any], None]]
) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(source):
        pieces = (completions.piece_of(event) async for event in source)
        async with contextlib.aclosing(translated(pieces)) as events:
            async for event in events:
                yield responses.encoded(event)
