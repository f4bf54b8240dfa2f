"""OpenAI's Responses API in front of servers that know chat completions only: translated there and back.

Servers that know it themselves are asked for the same directly (`gateway.native_responses`).

    body = parsed(...)                       what the caller sent
    chat = chat_body(body)                   the same as a chat completion; raises InvalidRequest
    file_search(body)                        what is to be searched before, and where the request says so
    tools_left_out(body)                     where it names tools that nobody here has
    response(body, completion, grounds)      the whole answer
    async for event in events(body, pieces, grounds): the streamed one
        encoded(event)                       as it goes over the wire

Nothing is stored: a conversation goes on by sending all of it again.
"""

from gateway.responses.answer import response
from gateway.responses.events import encoded, events
from gateway.responses.request import chat_body, relayed_body
from gateway.responses.tools import file_search, tools_left_out

__all__ = ["chat_body", "encoded", "events", "file_search", "relayed_body", "response", "tools_left_out"]
