"""The parts of a response, as they stand at the moment."""

import time
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.exceptions import GatewayError, QuotaExceeded
from gateway.grounding import Grounds
from gateway.responses.markers import Markers
from gateway.responses.request import repeated

Object = dict[str, Any]


class Kind(NamedTuple):
    """How a kind of text is told."""

    item: str
    events: str
    field: str
    part: str = "content"  # of the item


KINDS = {
    "reasoning_text": Kind("reasoning", "response.reasoning_text", "text"),
    "summary_text": Kind("reasoning", "response.reasoning_summary_text", "text", "summary"),
    "output_text": Kind("message", "response.output_text", "text"),
    "refusal": Kind("message", "response.refusal", "refusal"),
}
PARTS = {"content": "response.content_part", "summary": "response.reasoning_summary_part"}  # their events
CUT = {"length": "max_output_tokens", "content_filter": "content_filter"}  # by finish_reason


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def dicts(value: object) -> list[Object]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


@dataclass
class Part:
    name: str  # one of KINDS
    written: list[str] = field(default_factory=list)
    logprobs: list[Object] = field(default_factory=list)
    annotations: list[Object] = field(default_factory=list)
    markers: Markers = field(default_factory=Markers)

    def content(self) -> Object:
        more: Object = {}
        if self.name == "output_text":
            more = {"annotations": [*self.annotations], "logprobs": [*self.logprobs]}
        return {"type": self.name, KINDS[self.name].field: "".join(self.written)} | more


class Speech:
    """A message, or what the model thought."""

    def __init__(self, kind: str, index: int) -> None:
        self.type = kind
        self.index = index
        self.id = new_id("msg" if kind == "message" else "rs")
        self.parts: list[Part] = []

    def place(self) -> Object:
        """Of the last part."""
        kind = KINDS[self.parts[-1].name].part
        return {"item_id": self.id, "output_index": self.index, f"{kind}_index": len(self.parts) - 1}

    def item(self, status: str) -> Object:
        parts: Object = {"content": [], **({"summary": []} if self.type == "reasoning" else {"role": "assistant"})}
        for part in self.parts:
            parts[KINDS[part.name].part].append(part.content())
        return {"id": self.id, "type": self.type, "status": status} | parts


class Searched:
    """The search of documents that came before the answer."""

    index = 0

    def __init__(self, grounds: Grounds, *, with_results: bool) -> None:
        self.id = new_id("fs")
        self.grounds, self.with_results = grounds, with_results

    def place(self) -> Object:
        return {"item_id": self.id, "output_index": self.index}

    def item(self, status: str) -> Object:
        found = [
            {name: getattr(source, name) for name in ("file_id", "filename", "score", "text", "attributes")}
            for source in self.grounds.sources
        ]
        results = found if self.with_results and status == "completed" else None
        said = {"queries": [self.grounds.question], "results": results}
        return {"id": self.id, "type": "file_search_call", "status": status} | said


class Call:
    def __init__(self, index: int, name: str, given_id: str, call_id: str) -> None:
        self.index = index
        self.id = new_id("fc")
        self.name = name
        self.given_id = given_id  # by the server, or empty
        self.call_id = call_id
        self.written: list[str] = []

    def place(self) -> Object:
        return {"item_id": self.id, "output_index": self.index}

    def item(self, status: str) -> Object:
        said = {"call_id": self.call_id, "name": self.name, "arguments": "".join(self.written)}
        return {"id": self.id, "type": "function_call", "status": status} | said


def begun(body: Object, first: Object) -> Object:
    """The response before it says anything; `first` is whatever chat completion or chunk comes first."""
    created = first.get("created")
    return {
        "id": new_id("resp"),
        "object": "response",
        "created_at": created if isinstance(created, int) else int(time.time()),
        "completed_at": None,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": first.get("model") or body.get("model") or "",
        "output": [],
        "usage": None,
    } | repeated(body)


def usage(counted: Object) -> Object:
    read, written = _count(counted, "prompt_tokens"), _count(counted, "completion_tokens")
    cached = _count(counted.get("prompt_tokens_details"), "cached_tokens")
    thought = _count(counted.get("completion_tokens_details"), "reasoning_tokens")
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": read + written,
    }


def _count(counted: Any, name: str) -> int:
    count = counted.get(name) if isinstance(counted, dict) else None
    return max(count, 0) if isinstance(count, int) else 0


def logprobs(told: object) -> list[Object]:
    tokens = dicts(told.get("content")) if isinstance(told, dict) else []
    return [
        _logprob(token) | {"top_logprobs": [_logprob(t) for t in dicts(token.get("top_logprobs"))]} for token in tokens
    ]


def _logprob(token: Object) -> Object:
    return {
        "token": token.get("token") or "",
        "bytes": token.get("bytes") or [],
        "logprob": token.get("logprob") or 0.0,
    }


def failure(error: GatewayError) -> Object:
    """A response knows only some codes; our own is in the event of the error beside it."""
    if isinstance(error, QuotaExceeded):
        code = "rate_limit_exceeded"
    else:
        code = "invalid_prompt" if error.status < 500 else "server_error"
    return {"code": code, "message": str(error)}
