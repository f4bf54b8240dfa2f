"""A request for a response as one for a chat completion, and what the answer repeats of it."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.requests.chat import CHAT
from gateway.requests.fields import COUNT, LIST, OBJECT, TEXT, TRUTH, Field
from gateway.responses import tools
from gateway.responses.checks import checked, one_of, unsupported
from gateway.responses.items import messages

Body = dict[str, Any]

LOGPROBS = "message.output_text.logprobs"
LONGEST_METADATA = 16, 64, 512  # pairs, characters of a name, characters of a value


def _is_metadata(value: Any) -> bool:
    pairs, name, text = LONGEST_METADATA
    return (
        isinstance(value, dict)
        and len(value) <= pairs
        and all(len(key) <= name and isinstance(item, str) and len(item) <= text for key, item in value.items())
    )


FIELDS: dict[str, Field] = {
    "model": TEXT,
    "input": Field(
        lambda value: isinstance(value, str | list), gettext_lazy("a text or a list with at least one item")
    ),
    "instructions": TEXT,
    "stream": TRUTH,
    "max_output_tokens": COUNT,
    "temperature": CHAT["temperature"],
    "top_p": CHAT["top_p"],
    "top_logprobs": CHAT["top_logprobs"],
    "tools": LIST,
    "tool_choice": CHAT["tool_choice"],
    "parallel_tool_calls": TRUTH,
    "text": OBJECT,
    "reasoning": OBJECT,
    "include": LIST,
    "metadata": Field(_is_metadata, gettext_lazy("at most 16 pairs of short texts")),
    "store": TRUTH,
    "background": TRUTH,
    "truncation": one_of("auto", "disabled"),
    "user": TEXT,
    "safety_identifier": TEXT,
    "prompt_cache_key": TEXT,
}
NOT_STORED: dict[str, str | Promise] = {
    "previous_response_id": gettext_lazy("Nothing is stored here; send the whole conversation as “input”."),
    "conversation": gettext_lazy("Nothing is stored here; send the whole conversation as “input”."),
    "prompt": gettext_lazy("No prompts are stored here; send the text as “instructions” and “input”."),
}
AS_IN_CHAT = ("model", "stream", "temperature", "top_p", "top_logprobs", "parallel_tool_calls")
AS_RELAYED = ("model", "instructions", "stream", "max_output_tokens", "temperature", "top_p", "top_logprobs", "include")
ITEM = ("type", "id", "status", "role", "content", "name", "call_id", "arguments", "output", "summary",
        "encrypted_content")  # fmt: skip
SCHEMA: dict[str, Field] = {"name": TEXT, "schema": OBJECT, "description": TEXT, "strict": TRUTH}
FORMAT = {"type": one_of("text", "json_object", "json_schema")}
REASONING = {
    "effort": one_of("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "summary": one_of("auto", "concise", "detailed"),
}


def chat_body(body: Body) -> Body:
    """The body of a chat completion that asks for the same; raises InvalidRequest."""
    for name, reason in NOT_STORED.items():
        if body.get(name) is not None:
            raise unsupported(name, str(reason))
    given = checked(body, FIELDS, required=("input",))
    if given.get("background"):
        raise unsupported("background", _("Nothing is stored here, so no answer can be fetched later."))
    chat = {name: given[name] for name in AS_IN_CHAT if name in given}
    chat["messages"] = messages(given.get("instructions"), given["input"])
    if LOGPROBS in given.get("include", ()) or given.get("top_logprobs"):
        chat["logprobs"] = True
    if "max_output_tokens" in given:
        chat["max_tokens"] = given["max_output_tokens"]
    return chat | tools.of_chat(given) | _with_format(given) | _with_effort(given)


def relayed_body(body: Body) -> Body:
    """The same for a server that knows responses itself; of a body that `chat_body` has accepted.

    It is to store nothing either: whoever knows the id of a stored response could go on with another's conversation.
    """
    given = checked(body, FIELDS)
    asked = {name: given[name] for name in (*AS_RELAYED, "parallel_tool_calls") if name in given}
    reasoning = _reasoning(given)
    return (
        asked
        | {"input": _relayed_input(given["input"]), "text": {"format": _format(given)}, "store": False}
        | tools.relayed(given)
        | ({"reasoning": reasoning} if reasoning else {})
    )


def _relayed_input(items: str | list[Body]) -> str | list[Body]:
    if isinstance(items, str):
        return items
    ours = "file_search_call"  # a search that came before an earlier answer; servers have no such tool
    return [{name: item[name] for name in ITEM if name in item} for item in items if item.get("type") != ours]


def _with_format(given: Body) -> Body:
    wanted = _format(given)
    if wanted["type"] == "text":
        return {}
    if wanted["type"] == "json_object":
        return {"response_format": wanted}
    schema = {name: value for name, value in wanted.items() if name != "type"}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _format(given: Body) -> Body:
    wanted = given.get("text", {}).get("format")
    if wanted is None:
        return {"type": "text"}
    kind = checked(wanted, FORMAT, "text.format", ("type",))
    return kind | (checked(wanted, SCHEMA, "text.format", ("name", "schema")) if kind["type"] == "json_schema" else {})


def _with_effort(given: Body) -> Body:
    effort = _reasoning(given).get("effort")
    return {"reasoning_effort": effort} if effort else {}


def _reasoning(given: Body) -> Body:
    return checked(given.get("reasoning", {}), REASONING, "reasoning")


def repeated(body: Body) -> Body:
    """What a response says of the request it answers; only what was really asked of the model, of a checked body."""
    given = checked(body, FIELDS)
    asked = (
        "instructions",
        "max_output_tokens",
        "temperature",
        "top_p",
        "user",
        "safety_identifier",
        "prompt_cache_key",
    )
    return {name: given.get(name) for name in asked} | {
        "background": False,
        "max_tool_calls": None,
        "metadata": given.get("metadata", {}),
        "parallel_tool_calls": given.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None} | _reasoning(given),
        "store": False,
        "text": {"format": _format(given)},
        "tool_choice": tools.choice(given) or "auto",
        "tools": tools.repeated(given),
        "top_logprobs": given.get("top_logprobs", 0),
        "truncation": "disabled",  # too long a conversation is refused by the model's server
    }
