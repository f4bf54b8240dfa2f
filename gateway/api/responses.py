"""Responses, relayed where the servers know them, else translated into chat completions and back.

Nothing is stored: a request brings all of its conversation.
"""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from gateway import completions, grounding, native_responses, requests, responses
from gateway.api.endpoints import named, purpose_of, told
from gateway.api.http import Answer, Request
from gateway.calls import Wanted
from gateway.grounding import Grounds, Search
from gateway.models import Deployment, Scope


async def create_response(request: Request, search: Search | None) -> Answer:
    body = named(request)
    chat = requests.chat(responses.chat_body(body))
    wanted = Wanted(body["model"], Deployment.Kind.CHAT, Scope.CHAT, purpose_of(request))
    grounds = None
    if wished := responses.file_search(body):  # the answer is to get its citations here
        path, given = wished
        grounds = await grounding.grounded(search, request.caller, chat, given, path)
        request.caller = grounds.caller
    elif await native_responses.are_known_to(request.caller, wanted):
        return await _relayed(request, body, chat, wanted)
    if body.get("stream") is not True:
        answer = await completions.answer(request.caller, chat, wanted, told(request))
        return Answer.of(responses.response(body, answer, grounds))
    events = _events(body, completions.events(request.caller, chat, wanted, told(request)), grounds)
    first = await anext(events)  # an error up to here still has a status of its own
    return Answer.stream(_led_by(first, events))


async def _relayed(request: Request, body: dict[str, Any], chat: dict[str, Any], wanted: Wanted) -> Answer:
    if body.get("stream") is not True:
        return Answer.of(await native_responses.answer(request.caller, body, chat, wanted, told(request)))
    events = native_responses.events(request.caller, body, chat, wanted, told(request))
    return Answer.stream(_led_by(await anext(events), events))


async def _events(
    body: dict[str, Any], source: AsyncGenerator[completions.Event, None], grounds: Grounds | None
) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(source):
        pieces = (event.content() async for event in source)
        async with contextlib.aclosing(responses.events(body, pieces, grounds)) as events:
            async for event in events:
                yield responses.encoded(event)


async def _led_by(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(rest):
        yield first
        async for event in rest:
            yield event
