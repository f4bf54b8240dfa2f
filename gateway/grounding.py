"""Answers from documents: what a search finds is put before the model, and the answer tells its sources.

The search comes from outside (config/asgi.py), since the gateway knows no documents: it takes who asks, the question,
what the request says of the search and where it says so, and raises the GatewayError that the caller is to read.
"""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from gateway.callers import Caller
from gateway.completions import event_that_says, piece_of
from gateway.exceptions import InvalidRequest
from gateway.requests import invalid

Body = dict[str, Any]


@dataclass(frozen=True)
class Source:
    number: int  # by which an answer cites it, like [1]
    file_id: str
    filename: str
    page: int | None
    start: int  # characters of the file's text
    end: int
    text: str
    score: float
    attributes: Body


@dataclass(frozen=True)
class Grounds:
    question: str
    sources: list[Source]
    prompt: str  # the sources and how to cite them, for the model
    caller: Caller  # who asks it: what is confidential stays in the house

    def told(self) -> Body:
        """What an answer says of them beside its text."""
        return {"x_rag": {"sources": [asdict(source) for source in self.sources]}}


Search = Callable[[Caller, str, Body, str], Awaitable[Grounds]]


async def grounded(search: Search | None, caller: Caller, chat: Body, given: Any, param: str) -> Grounds:
    """Search for what the conversation asks last and write the sources into its system message."""
    if search is None:
        raise InvalidRequest(_("There are no documents to search here."), param=param)
    if not isinstance(given, dict):
        raise invalid(param, _("an object"))
    question = question_of(chat["messages"])
    if not question:
        raise InvalidRequest(_("A search of documents needs a question: a text by the user."), param="messages")
    grounds = await search(caller, question, given, param)
    chat["messages"] = led_by(grounds.prompt, chat["messages"])
    return grounds


async def cited(events: AsyncGenerator[bytes, None], told: Body) -> AsyncGenerator[bytes, None]:
    """The events of a completion; the one that ends the answer, and the one with its usage, tell the sources, too."""
    async with contextlib.aclosing(events):
        async for event in events:
            piece = piece_of(event)
            is_last = not piece["choices"] or any(choice.get("finish_reason") for choice in piece["choices"])
            yield event_that_says(piece | told) if is_last else event


def question_of(messages: list[Body]) -> str:
    asked = next((message["content"] for message in reversed(messages) if message["role"] == "user"), "")
    if isinstance(asked, str):
        return asked.strip()
    return "\n".join(part["text"] for part in asked if part["type"] == "text").strip()


def led_by(prompt: str, messages: list[Body]) -> list[Body]:
    """Templates of open models know one system message, at the top."""
    first, *rest = messages
    if first["role"] not in ("system", "developer"):
        return [{"role": "system", "content": prompt}, *messages]
    said = first["content"]
    if isinstance(said, str):
        return [first | {"content": f"{said}\n\n{prompt}"}, *rest]
    return [first | {"content": [*said, {"type": "text", "text": prompt}]}, *rest]
