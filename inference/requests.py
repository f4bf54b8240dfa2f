"""Request bodies: read with a limit, checked field by field, never passed on unread."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from inference.exceptions import BodyTooLarge, InvalidRequest

MAX_BODY = 20 * 1024 * 1024  # bytes
MAX_INPUTS = 2048
MAX_DOCUMENTS = 1000
MAX_STOPS = 4


@dataclass(frozen=True)
class Message:
    role: str
    text: str


@dataclass(frozen=True)
class ChatRequest:
    model: str
    messages: list[Message]
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EmbeddingRequest:
    model: str
    inputs: list[str]
    encoding: str = "float"
    dimensions: int | None = None


@dataclass(frozen=True)
class RerankRequest:
    model: str
    query: str
    documents: list[str]
    top_n: int | None = None


async def read_json(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise BodyTooLarge(f"The request is larger than {MAX_BODY // 1024 // 1024} MB.")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not valid JSON.") from error
    if not isinstance(content, dict):
        raise InvalidRequest("The body has to be a JSON object.")
    return content


def chat_request(body: dict[str, Any]) -> ChatRequest:
    stream = _boolean(body, "stream")
    options = body.get("stream_options") or {}
    if not isinstance(options, dict):
        raise InvalidRequest("stream_options has to be an object.", param="stream_options")
    if options and not stream:
        raise InvalidRequest("stream_options needs stream to be true.", param="stream_options")
    if _integer(body, "n", 1, 128) not in (None, 1):
        raise InvalidRequest("This server gives one answer a request: n has to be 1.", param="n")
    limit = _integer(body, "max_completion_tokens", 1) or _integer(body, "max_tokens", 1)
    return ChatRequest(
        model=_model(body),
        messages=_messages(body.get("messages")),
        stream=stream,
        include_usage=_boolean(options, "include_usage"),
        max_tokens=limit,
        temperature=_number(body, "temperature", 1.0, 2.0),
        top_p=_number(body, "top_p", 1.0, 1.0),
        seed=_integer(body, "seed", -(2**63)),
        stop=_stops(body.get("stop")),
    )


def embedding_request(body: dict[str, Any]) -> EmbeddingRequest:
    encoding = body.get("encoding_format") or "float"
    if encoding not in ("float", "base64"):
        raise InvalidRequest("encoding_format has to be float or base64.", param="encoding_format")
    return EmbeddingRequest(_model(body), _inputs(body.get("input")), encoding, _integer(body, "dimensions", 1))


def rerank_request(body: dict[str, Any]) -> RerankRequest:
    query, documents = body.get("query"), body.get("documents")
    if not isinstance(query, str) or not query.strip():
        raise InvalidRequest("query has to be a text and not empty.", param="query")
    if not isinstance(documents, list) or not all(isinstance(text, str) for text in documents):
        raise InvalidRequest("documents has to be a list of texts.", param="documents")
    if not 0 < len(documents) <= MAX_DOCUMENTS:
        message = f"1 to {MAX_DOCUMENTS} documents a request; these are {len(documents)}."
        raise InvalidRequest(message, param="documents")
    texts = [_without_lone_surrogates(text) for text in documents]
    return RerankRequest(_model(body), _without_lone_surrogates(query), texts, _integer(body, "top_n", 1))


def _inputs(value: Any) -> list[str]:
    inputs = [value] if isinstance(value, str) else value
    if not isinstance(inputs, list) or not inputs:
        raise InvalidRequest("input has to be a text or a list of texts, and not empty.", param="input")
    if len(inputs) > MAX_INPUTS:
        raise InvalidRequest(f"At most {MAX_INPUTS} inputs a request; these are {len(inputs)}.", param="input")
    if any(isinstance(text, int | list) for text in inputs):
        raise InvalidRequest("This server does not take lists of tokens: send the text itself.", param="input")
    if not all(isinstance(text, str) and text.strip() for text in inputs):
        raise InvalidRequest("Every input has to be a text and not empty.", param="input")
    return [_without_lone_surrogates(text) for text in inputs]


def _messages(value: Any) -> list[Message]:
    if not isinstance(value, list) or not value:
        raise InvalidRequest("messages has to be a list with at least one message.", param="messages")
    return [_message(message, f"messages[{position}]") for position, message in enumerate(value)]


def _message(value: Any, param: str) -> Message:
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        raise InvalidRequest(f"{param} has to be an object with a role.", param=param)
    content = value.get("content")
    if content is None and value["role"] == "assistant":
        content = ""
    if isinstance(content, list):
        content = "\n".join(_part(part, param) for part in content)
    if not isinstance(content, str):
        raise InvalidRequest(f"{param}.content has to be a text or a list of parts.", param=f"{param}.content")
    return Message(value["role"], _without_lone_surrogates(content))


def _part(value: Any, param: str) -> str:
    if isinstance(value, dict) and value.get("type") == "text" and isinstance(value.get("text"), str):
        return str(value["text"])
    raise InvalidRequest("The models of this server read text only.", param=f"{param}.content")


def _without_lone_surrogates(text: str) -> str:
    """JSON may escape half a character; no tokenizer can encode it."""
    return text.encode(errors="replace").decode()


def _model(body: dict[str, Any]) -> str:
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise InvalidRequest("model has to name a model.", param="model")
    return str(body["model"])


def _boolean(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidRequest(f"{name} has to be true or false.", param=name)
    return bool(value)


def _integer(body: dict[str, Any], name: str, least: int, most: int = 2**63 - 1) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidRequest(f"{name} has to be a whole number from {least} on.", param=name)
    return value


def _number(body: dict[str, Any], name: str, default: float, most: float) -> float:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise InvalidRequest(f"{name} has to be a number from 0 to {most:g}.", param=name)
    return float(value)


def _stops(value: Any) -> list[str]:
    stops = [value] if isinstance(value, str) else value or []
    if not isinstance(stops, list) or len(stops) > MAX_STOPS or not all(isinstance(s, str) and s for s in stops):
        raise InvalidRequest(f"stop has to be a text or a list of at most {MAX_STOPS} texts.", param="stop")
    return stops
