"""What a field may hold, and what to say when it holds something else."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.exceptions import InvalidRequest

LONGEST_NAME = 40
LIMITS = ("max_tokens", "max_completion_tokens")
DEEPEST = 200  # levels; what is near the limit of Python's own stack could be read but not be sent on

Body = dict[str, Any]


class Field(NamedTuple):
    is_valid: Callable[[Any], bool]
    expected: str | Promise
    schema: Mapping[str, Any] = {}  # the same as JSON schema, as far as that can say it


def is_int(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: is_int(value, low, high)


def a(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


def is_stop(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(word, str) for word in value))


def are_tokens(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_int(token, 0, 2**31 - 1) for token in value)


TRUTH = Field(a(bool), gettext_lazy("true or false"), {"type": "boolean"})
OBJECT = Field(a(dict), gettext_lazy("an object"), {"type": "object"})
LIST = Field(a(list), gettext_lazy("a list"), {"type": "array"})
TEXT = Field(a(str), gettext_lazy("a text"), {"type": "string"})
COUNT = Field(whole(1, 2**31 - 1), gettext_lazy("a whole number above zero"), {"type": "integer", "minimum": 1})
PENALTY = Field(number(-2, 2), gettext_lazy("a number from -2 to 2"), {"type": "number", "minimum": -2, "maximum": 2})
TEMPERATURE = Field(number(0, 2), gettext_lazy("a number from 0 to 2"), {"type": "number", "minimum": 0, "maximum": 2})
SHARE = Field(number(0, 1), gettext_lazy("a number from 0 to 1"), {"type": "number", "minimum": 0, "maximum": 1})
ONE = Field(whole(1, 1), gettext_lazy("1"), {"const": 1})
ANSWERS = Field(
    whole(1, 8), gettext_lazy("a whole number from 1 to 8"), {"type": "integer", "minimum": 1, "maximum": 8}
)
TOP_K = Field(whole(-1, 2**31 - 1), gettext_lazy("a whole number"), {"type": "integer", "minimum": -1})
REPETITION = Field(
    number(0, 10), gettext_lazy("a number from 0 to 10"), {"type": "number", "minimum": 0, "maximum": 10}
)
STOP = Field(is_stop, gettext_lazy("a text or a list of texts"), {"type": ["string", "array"]})
SEED = Field(whole(-(2**63), 2**63 - 1), gettext_lazy("a whole number"), {"type": "integer"})


def parsed(raw: bytes) -> Body:
    try:
        body = json.loads(raw, parse_constant=refuse_constant)
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()  # half a surrogate pair cannot be sent on
    except (ValueError, RecursionError):
        raise InvalidRequest(_("The request is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise InvalidRequest(_("The request has to be a JSON object."))
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _depth(body) > DEEPEST:
        raise InvalidRequest(_("The request is nested too deeply."))
    return body


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's, whoever sends them


def invalid(param: str, expected: str | Promise) -> InvalidRequest:
    text = _("Invalid value for “%(field)s”; expected: %(expected)s.") % {"field": param, "expected": expected}
    return InvalidRequest(text, param=param)


def left_out(body: Body, fields: Mapping[str, Field]) -> list[str]:
    """The names of those that are not among the fields, as far as they are names."""
    return [name for name in body if name not in fields and body[name] is not None and is_name(name)]


def is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier() and len(text) <= LONGEST_NAME


def without_end(body: Body) -> Body:
    """A limit of -1 is none, in the words of llama.cpp and LM Studio."""
    return {name: value for name, value in body.items() if value != -1 or name not in LIMITS}


def allowed(body: Body, fields: dict[str, Field]) -> Body:
    """Those of the fields that are there; raises InvalidRequest. All others are left out."""
    found = {name: body[name] for name in fields if body.get(name) is not None}
    for name, value in found.items():
        if not fields[name].is_valid(value):
            raise invalid(name, fields[name].expected)
    return found
