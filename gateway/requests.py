"""What a caller may send on to a model: an allowlist. Fields that are not on it are dropped, whatever they say."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.exceptions import InvalidRequest
from gateway.metering import Estimate, estimated_tokens
from gateway.models import Deployment

IMAGE_TOKENS = 1000  # a rough figure for pictures and sounds, whose bytes say nothing
MESSAGE_TOKENS = 4  # what a chat template writes around each message
MAX_INPUTS = 2048

ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
MESSAGE_FIELDS = {"role", "content", "name", "tool_calls", "tool_call_id", "refusal"}
PARTS: dict[str, type] = {"text": str, "refusal": str, "image_url": dict, "input_audio": dict}


class Field(NamedTuple):
    is_valid: Callable[[Any], bool]
    expected: str | Promise


def _is_int(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: _is_int(value, low, high)


def _a(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


def _is_stop(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(word, str) for word in value))


TRUTH = Field(_a(bool), gettext_lazy("true or false"))
OBJECT = Field(_a(dict), gettext_lazy("an object"))
LIST = Field(_a(list), gettext_lazy("a list"))
TEXT = Field(_a(str), gettext_lazy("a text"))
COUNT = Field(_whole(1, 2**31 - 1), gettext_lazy("a whole number above zero"))
PENALTY = Field(_number(-2, 2), gettext_lazy("a number from -2 to 2"))

CHAT: dict[str, Field] = {
    "model": TEXT,
    "messages": LIST,
    "stream": TRUTH,
    "stream_options": OBJECT,
    "max_tokens": COUNT,
    "max_completion_tokens": COUNT,
    "temperature": Field(_number(0, 2), gettext_lazy("a number from 0 to 2")),
    "top_p": Field(_number(0, 1), gettext_lazy("a number from 0 to 1")),
    "n": Field(_whole(1, 1), gettext_lazy("1")),
    "stop": Field(_is_stop, gettext_lazy("a text or a list of texts")),
    "seed": Field(_whole(-(2**63), 2**63 - 1), gettext_lazy("a whole number")),
    "presence_penalty": PENALTY,
    "frequency_penalty": PENALTY,
    "logit_bias": OBJECT,
    "logprobs": TRUTH,
    "top_logprobs": Field(_whole(0, 20), gettext_lazy("a whole number from 0 to 20")),
    "tools": LIST,
    "tool_choice": Field(lambda value: isinstance(value, str | dict), gettext_lazy("a text or an object")),
    "parallel_tool_calls": TRUTH,
    "response_format": OBJECT,
    "reasoning_effort": TEXT,
}
EMBEDDING: dict[str, Field] = {
    "model": TEXT,
    "input": Field(lambda value: isinstance(value, str | list), gettext_lazy("a text or a list of texts")),
    "dimensions": COUNT,
    "encoding_format": Field(lambda value: value in ("float", "base64"), gettext_lazy("“float” or “base64”")),
}
FIELDS = CHAT.keys() | EMBEDDING.keys()


def parsed(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair cannot be sent on
    except (ValueError, RecursionError):
        raise InvalidRequest(_("The request is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise InvalidRequest(_("The request has to be a JSON object."))
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _invalid(param: str, expected: str | Promise) -> InvalidRequest:
    text = _("Invalid value for “%(field)s”; expected: %(expected)s.") % {"field": param, "expected": expected}
    return InvalidRequest(text, param=param)


def _allowed(body: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    allowed = {name: body[name] for name in fields if body.get(name) is not None}
    for name, value in allowed.items():
        if not fields[name].is_valid(value):
            raise _invalid(name, fields[name].expected)
    return allowed


def chat(body: dict[str, Any]) -> dict[str, Any]:
    """The body for a chat completion, checked; raises InvalidRequest."""
    allowed = _allowed(body, CHAT)
    if not allowed.get("messages"):
        raise _invalid("messages", _("a list with at least one message"))
    allowed["messages"] = [_message(message, f"messages[{i}]") for i, message in enumerate(allowed["messages"])]
    return allowed


def _message(message: Any, param: str) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise _invalid(param, _("an object"))
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in ROLES:
        raise _invalid(f"{param}.role", ", ".join(sorted(ROLES)))
    allowed = {name: value for name, value in message.items() if name in MESSAGE_FIELDS}
    if isinstance(content, list):
        allowed["content"] = [_part(part, f"{param}.content[{i}]") for i, part in enumerate(content)]
    elif not isinstance(content, str) and (content is not None or role != "assistant"):
        raise _invalid(f"{param}.content", _("a text or a list of parts"))
    return allowed


def _part(part: Any, param: str) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or not isinstance(part.get(kind), PARTS.get(kind, ())):
        raise _invalid(param, _("a text, an image or a sound"))
    if kind == "image_url" and not str(part["image_url"].get("url")).startswith("data:image/"):
        # the model server would fetch it: from wherever it can reach
        raise _invalid(f"{param}.image_url.url", _("an image as a data: address"))
    return {"type": kind, kind: part[kind]}


def embedding(body: dict[str, Any]) -> dict[str, Any]:
    """The body for embeddings, checked; raises InvalidRequest. `input` is always a list."""
    allowed = _allowed(body, EMBEDDING)
    given = allowed.get("input")
    inputs = [given] if isinstance(given, str) or _are_tokens(given) else given
    if not inputs or len(inputs) > MAX_INPUTS or not all(isinstance(item, str) or _are_tokens(item) for item in inputs):
        raise _invalid("input", _("a text or a list of 1 to %(count)s texts") % {"count": MAX_INPUTS})
    return allowed | {"input": inputs}


def _are_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_int(token, 0, 2**31 - 1) for token in value)


def estimate_chat(body: dict[str, Any], deployments: Sequence[Deployment]) -> Estimate:
    tokens = sum(estimated_tokens(text) for text in _texts(body))
    tokens += sum(MESSAGE_TOKENS + IMAGE_TOKENS * _pictures(message) for message in body["messages"])
    stated = body.get("max_completion_tokens") or body.get("max_tokens")
    limits = [deployment.max_output_tokens or deployment.context_length for deployment in deployments]
    if stated and all(limits):
        stated = min(stated, max(limit for limit in limits if limit))
    return Estimate(tokens, stated)


def _texts(body: dict[str, Any]) -> Iterator[str]:
    for message in body["messages"]:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif content:
            yield from (part["text"] for part in content if part["type"] == "text")
        if message.get("tool_calls"):
            yield json.dumps(message["tool_calls"], ensure_ascii=False)
    if body.get("tools"):
        yield json.dumps(body["tools"], ensure_ascii=False)


def _pictures(message: dict[str, Any]) -> int:
    content = message.get("content")
    return sum(part["type"] in ("image_url", "input_audio") for part in content) if isinstance(content, list) else 0


def estimate_embedding(inputs: list[str | list[int]], deployments: Sequence[Deployment]) -> Estimate:
    return Estimate(sum(estimated_tokens(item) if isinstance(item, str) else len(item) for item in inputs), 0)
