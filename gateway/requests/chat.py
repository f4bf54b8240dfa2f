"""Chat completions: a conversation, what may be asked of the answer, and what both may need."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.metering import Estimate, estimated_tokens
from gateway.models import Deployment
from gateway.requests.fields import (
    ANSWERS,
    COUNT,
    LIST,
    OBJECT,
    PENALTY,
    REPETITION,
    SEED,
    SHARE,
    STOP,
    TEMPERATURE,
    TEXT,
    TOP_K,
    TRUTH,
    Body,
    Field,
    allowed,
    invalid,
    is_name,
    whole,
    without_end,
)

IMAGE_TOKENS = 1000  # a rough figure for pictures and sounds, whose bytes say nothing
MESSAGE_TOKENS = 4  # what a chat template writes around each message

ROLES = {"system", "developer", "user", "assistant", "tool", "function"}
MESSAGE_FIELDS = {"role", "content", "name", "tool_calls", "tool_call_id", "refusal"}
THOUGHTS = ("reasoning_content", "reasoning")  # of an answer: some models need them back between their calls of tools
PARTS: dict[str, type] = {"text": str, "refusal": str, "image_url": dict, "input_audio": dict}

# of templates; others could take the place of the template itself, or keep a server busy
SWITCHES = {
    "clear_thinking",
    "enable_thinking",
    "preserve_thinking",
    "reasoning_effort",
    "thinking",
    "thinking_budget",
    "thinking_mode",
}
KNOWN_SWITCHES = format_lazy(gettext_lazy("an object of some of these: {names}"), names=", ".join(sorted(SWITCHES)))


def _are_switches(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= SWITCHES
        and all(
            isinstance(each, bool | int | float) or (isinstance(each, str) and is_name(each)) for each in value.values()
        )
    )


CHAT: dict[str, Field] = {
    "model": TEXT,
    "messages": LIST,
    "stream": TRUTH,
    "stream_options": OBJECT,
    "max_tokens": COUNT,
    "max_completion_tokens": COUNT,
    "temperature": TEMPERATURE,
    "top_p": SHARE,
    "n": ANSWERS,
    "stop": STOP,
    "seed": SEED,
    "presence_penalty": PENALTY,
    "frequency_penalty": PENALTY,
    "logit_bias": OBJECT,
    "logprobs": TRUTH,
    "top_logprobs": Field(whole(0, 20), gettext_lazy("a whole number from 0 to 20")),
    "tools": LIST,
    "tool_choice": Field(lambda value: isinstance(value, str | dict), gettext_lazy("a text or an object")),
    "parallel_tool_calls": TRUTH,
    "response_format": OBJECT,
    "reasoning_effort": TEXT,
    # what OpenAI does not know, and servers of open models do
    "top_k": TOP_K,
    "min_p": SHARE,
    "repetition_penalty": REPETITION,
    "chat_template_kwargs": Field(_are_switches, KNOWN_SWITCHES, {"type": "object"}),
    "add_generation_prompt": TRUTH,
    "continue_final_message": TRUTH,
}


def chat(body: Body) -> Body:
    """The body for a chat completion, checked; raises InvalidRequest."""
    found = allowed(without_end(body), CHAT)
    if not found.get("messages"):
        raise invalid("messages", _("a list with at least one message"))
    found["messages"] = [_message(message, f"messages[{i}]") for i, message in enumerate(found["messages"])]
    return found


def _message(message: Any, param: str) -> Body:
    if not isinstance(message, dict):
        raise invalid(param, _("an object"))
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role not in ROLES:
        raise invalid(f"{param}.role", ", ".join(sorted(ROLES)))
    kept = {name: value for name, value in message.items() if name in MESSAGE_FIELDS}
    if role == "assistant":
        kept |= {name: message[name] for name in THOUGHTS if isinstance(message.get(name), str)}
    if isinstance(content, list):
        kept["content"] = [_part(part, f"{param}.content[{i}]") for i, part in enumerate(content)]
    elif not isinstance(content, str) and (content is not None or role != "assistant"):
        raise invalid(f"{param}.content", _("a text or a list of parts"))
    return kept


def _part(part: Any, param: str) -> Body:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or not isinstance(part.get(kind), PARTS.get(kind, ())):
        raise invalid(param, _("a text, an image or a sound"))
    if kind == "image_url" and not str(part["image_url"].get("url")).startswith("data:image/"):
        # the model server would fetch it: from wherever it can reach
        raise invalid(f"{param}.image_url.url", _("an image as a data: address"))
    return {"type": kind, kind: part[kind]}


def estimate_chat(body: Body, deployments: Sequence[Deployment]) -> Estimate:
    tokens = sum(estimated_tokens(text) for text in _texts(body))
    tokens += sum(MESSAGE_TOKENS + IMAGE_TOKENS * _pictures(message) for message in body["messages"])
    stated = body.get("max_completion_tokens") or body.get("max_tokens")
    return Estimate(tokens, most_output(stated, deployments), body.get("n", 1))


def most_output(stated: int | None, deployments: Sequence[Deployment]) -> int | None:
    """No more is held than the models can say."""
    limits = [deployment.max_output_tokens or deployment.context_length for deployment in deployments]
    if stated and all(limits):
        return min(stated, max(limit for limit in limits if limit))
    return stated


def _texts(body: Body) -> Iterator[str]:
    for message in body["messages"]:
        content = message.get("content")
        if isinstance(content, str):
            yield content
        elif content:
            yield from (part["text"] for part in content if part["type"] == "text")
        yield from (message[name] for name in THOUGHTS if name in message)
        if message.get("tool_calls"):
            yield json.dumps(message["tool_calls"], ensure_ascii=False)
    if body.get("tools"):
        yield json.dumps(body["tools"], ensure_ascii=False)


def _pictures(message: dict[str, Any]) -> int:
    content = message.get("content")
    return sum(part["type"] in ("image_url", "input_audio") for part in content) if isinstance(content, list) else 0
