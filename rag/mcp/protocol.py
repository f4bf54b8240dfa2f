"""The tools, spoken by the protocol's own library. One request, one answer; whoever asks is known already."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    TextContent,
    Tool,
    ToolAnnotations,
)

from gateway.api.http import Answer, Request
from gateway.callers import Caller
from gateway.exceptions import GatewayError
from gateway.requests import Field
from rag.mcp import tools

INSTRUCTIONS = "Search the organisation's documents that this key may read. Cite each source by its title and url."

Object = dict[str, Any]

logger = logging.getLogger(__name__)


class Offer(NamedTuple):
    call: Callable[[Caller, Object], Awaitable[Object]]
    fields: Mapping[str, Field]
    needs: str
    about: str


OFFERS = {
    "search": Offer(
        tools.search,
        tools.SEARCH,
        "query",
        "Find the passages of the documents that answer a question, best first. Each has the id to fetch more by.",
    ),
    "fetch": Offer(
        tools.fetch, tools.FETCH, "id", "Read the document that a passage is from, by the id of a search result."
    ),
}


async def answered(request: Request) -> Answer:
    """What the library answers to it, as a whole."""
    manager = StreamableHTTPSessionManager(_server(request.caller), stateless=True, json_response=True)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": request.path,
        "query_string": request.query_string,
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
    }
    answer = Answer()

    async def receive() -> Object:
        return {"type": "http.request", "body": request.body}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
            answer.content_type = given.get("content-type", answer.content_type)
        answer.body += message.get("body", b"")

    async with manager.run():
        await manager.handle_request(scope, receive, send)
    return answer


def _server(caller: Caller) -> Server:
    return Server(
        "voliere",
        title="Voliere",
        version="1",
        instructions=INSTRUCTIONS,
        on_list_tools=_listed,
        on_call_tool=partial(_called, caller),
    )


async def _listed(_context: object, _page: object) -> ListToolsResult:
    return ListToolsResult(tools=[_tool(name, offer) for name, offer in OFFERS.items()])


def _tool(name: str, offer: Offer) -> Tool:
    properties = {field: dict(known.schema) for field, known in offer.fields.items()}
    return Tool(
        name=name,
        description=offer.about,
        input_schema={"type": "object", "properties": properties, "required": [offer.needs]},
        annotations=ToolAnnotations(read_only_hint=True),
    )


async def _called(caller: Caller, _context: object, asked: CallToolRequestParams) -> CallToolResult:
    offer = OFFERS.get(asked.name)
    if offer is None:
        raise MCPError(INVALID_PARAMS, f"There is no tool {asked.name[:100]!r}.")
    try:
        return _told(await offer.call(caller, asked.arguments or {}))
    except GatewayError as error:
        return _told({"error": {"code": error.code, "message": str(error), "param": error.param}}, is_error=True)
    except Exception:  # the library would tell what went wrong in the words of whatever broke
        logger.exception("The tool %s failed", asked.name)
        return _told({"error": {"code": GatewayError.code, "message": str(GatewayError())}}, is_error=True)


def _told(content: Object, *, is_error: bool = False) -> CallToolResult:
    """As an object, and for clients that know none as text."""
    text = json.dumps(content, ensure_ascii=False)
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=content, is_error=is_error)
