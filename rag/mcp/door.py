"""The one address. The protocol's library is loaded by the first who calls: it takes most of a second."""

import asyncio
import importlib

from gateway.api.http import Answer, Request
from gateway.api.routes import Route
from gateway.callers import standing
from gateway.exceptions import RequestTooLarge
from gateway.models import Scope

LARGEST = 2**20  # bytes; questions and ids are short


async def answer(request: Request) -> Answer:
    (await standing(request.caller)).allow(Scope.DOCUMENTS_READ)
    if len(request.body) > LARGEST:
        raise RequestTooLarge
    protocol = await asyncio.to_thread(importlib.import_module, "rag.mcp.protocol")
    told: Answer = await protocol.answered(request)
    return told


addresses = [Route("POST", "/mcp", answer)]
