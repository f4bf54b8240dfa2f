"""The items of a request's input as the messages of a chat."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.requests.fields import TEXT, Field, invalid
from gateway.responses.checks import checked, one_of, unsupported

Message = dict[str, Any]
Part = dict[str, Any]

CONTENT = Field(lambda value: isinstance(value, str | list), gettext_lazy("a text or a list of parts"))
MESSAGE = {"role": one_of("user", "assistant", "system", "developer"), "content": CONTENT}
CALL = {"call_id": TEXT, "name": TEXT, "arguments": TEXT}
OUTPUT = {"call_id": TEXT, "output": CONTENT}
TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
THOUGHT = "reasoning_content"
DETAILS = ("auto", "low", "high")


def messages(instructions: str | None, given: str | list[Any]) -> list[Message]:
    said = [{"role": "system", "content": instructions}] if instructions else []
    if isinstance(given, str):
        return [*said, {"role": "user", "content": given}]
    for i, item in enumerate(given):
        _add(said, item, f"input[{i}]")
    said = _forget_thoughts(said)
    if not said:
        raise invalid("input", _("a text or a list with at least one item"))
    return said


def _add(said: list[Message], item: Any, path: str) -> None:
    kind = item.get("type") or "message" if isinstance(item, dict) else "message"
    if kind == "message":
        _add_message(said, item, path)
    elif kind == "function_call":
        _add_call(said, checked(item, CALL, path, CALL))
    elif kind == "function_call_output":
        output = checked(item, OUTPUT, path, OUTPUT)
        content = _content(output["output"], f"{path}.output")
        said.append({"role": "tool", "tool_call_id": output["call_id"], "content": content})
    elif kind == "reasoning":
        _add_thought(said, item)
    elif kind == "item_reference":
        _refuse_reference(item, path)
    elif kind != "file_search_call":  # what was found earlier is not for the next turn
        raise unsupported(f"{path}.type", _("Items of this type are not supported."))


def _add_thought(said: list[Message], item: dict[str, Any]) -> None:
    """Some models need what they thought back between their calls of tools."""
    parts = item.get("content") or item.get("summary")  # we tell the whole as one, where a summary was asked for
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    if thought := "".join(text for text in texts if isinstance(text, str)):
        if not said or said[-1]["role"] != "assistant":
            said.append({"role": "assistant", "content": None})
        said[-1][THOUGHT] = said[-1].get(THOUGHT, "") + thought


def _refuse_reference(item: dict[str, Any], path: str) -> None:
    """But to a thought: an answer goes on without it."""
    if not str(item.get("id")).startswith("rs_"):
        reason = _("Nothing is stored here, so no earlier item can be referred to; send it again, with “store”: false.")
        raise unsupported(path, reason)


def _forget_thoughts(said: list[Message]) -> list[Message]:
    """Of earlier turns, and such that led to nothing."""
    turn = max((i for i, message in enumerate(said) if message["role"] == "user"), default=0)
    for message in said[:turn]:
        message.pop(THOUGHT, None)
    return [message for message in said if message["content"] is not None or message.get("tool_calls")]


def _add_message(said: list[Message], item: Any, path: str) -> None:
    message = checked(item, MESSAGE, path, MESSAGE)
    role, content = message["role"], _content(message["content"], f"{path}.content")
    last = said[-1] if said else {}
    if role == "assistant":
        content = _spoken(content, f"{path}.content")
        if last.get("role") == "assistant" and last["content"] is None:
            last["content"] = content  # said beside its calls, whose results have to follow them directly
            return
    elif role in ("system", "developer"):
        # templates of open models know no developer, and one system message at the top
        role, content = "system", _spoken(content, f"{path}.content")
        if len(said) == 1 and last["role"] == "system":
            last["content"] += f"\n\n{content}"
            return
    said.append({"role": role, "content": content})


def _add_call(said: list[Message], call: dict[str, Any]) -> None:
    if not said or said[-1]["role"] != "assistant":
        said.append({"role": "assistant", "content": None})
    function = {"name": call["name"], "arguments": call["arguments"]}
    said[-1].setdefault("tool_calls", []).append({"id": call["call_id"], "type": "function", "function": function})


def _content(given: str | list[Any], path: str) -> str | list[Part]:
    if isinstance(given, str):
        return given
    parts = [_part(part, f"{path}[{i}]") for i, part in enumerate(given)]
    # a plain text is what every template understands
    return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else parts


def _spoken(content: str | list[Part], path: str) -> str:
    if isinstance(content, str):
        return content
    if any(part["type"] != "text" for part in content):
        raise invalid(path, _("a text"))
    return "".join(part["text"] for part in content)


def _part(part: Any, path: str) -> Part:
    kind = part.get("type") if isinstance(part, dict) else None
    if isinstance(kind, str) and kind in TEXTS:
        name = TEXTS[kind]
        return {"type": "text", "text": checked(part, {name: TEXT}, path, (name,))[name]}
    if kind == "input_image":
        return _image(part, path)
    if kind == "input_file":
        raise unsupported(f"{path}.type", _("Files cannot be sent along; send their text instead."))
    raise invalid(path, _("a text or an image"))


def _image(part: Part, path: str) -> Part:
    url = part.get("image_url")
    if not isinstance(url, str) or not url.startswith("data:image/"):
        # the model server would fetch it: from wherever it can reach
        raise invalid(f"{path}.image_url", _("an image as a data: address"))
    detail = part.get("detail")
    return {"type": "image_url", "image_url": {"url": url} | ({"detail": detail} if detail in DETAILS else {})}
