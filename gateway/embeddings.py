"""Embeddings: one vector a text, metered.

An answer may hold millions of numbers. They are read, checked and written in a thread, a vector at a time: in between
the thread lets the event loop go on, which it could not within one long call.
"""

import asyncio
import base64
import binascii
import json
import math
import struct
from array import array
from collections.abc import Callable
from functools import partial
from typing import Any

from gateway import calls, requests, routing
from gateway.callers import Caller
from gateway.calls import Running, Wanted
from gateway.exceptions import UpstreamBroken
from gateway.metering import Consumption
from gateway.models import Deployment, Purpose, Scope, Usage

PATH = "/embeddings"
Vector = list[float]


async def embed(
    caller: Caller,
    texts: list[str],
    *,
    purpose: Purpose,
    deployment: Deployment | None = None,
    by_no_other: bool = False,
) -> list[Vector]:
    """The vectors of `texts`, in their order, by the model of `deployment` or the default one.

    Whichever deployment of that name and model is free answers, unless it should be `by_no_other`.
    """
    if not texts:
        return []
    name, model = (deployment.name, deployment.model) if deployment else ("", "")
    wanted = _wanted(name, purpose, model, deployment.pk if deployment and by_no_other else 0)
    vectors, _ = await _embed(caller, requests.embedding({"input": texts}), wanted)
    return vectors


async def answer(
    caller: Caller, body: dict[str, Any], *, purpose: Purpose, admitted: Callable[[Running], None] = lambda call: None
) -> bytes:
    """The answer to an API caller's body: JSON, the vectors in the encoding it asks for."""
    body = requests.embedding(body)
    in_base64 = body.pop("encoding_format", "float") == "base64"
    vectors, call = await _embed(caller, body, _wanted(body.get("model", ""), purpose))
    admitted(call)
    consumed = call.meter.consumption()
    return await asyncio.to_thread(_written, call.deployment.name, vectors, consumed, in_base64=in_base64)


def _wanted(name: str, purpose: Purpose, model: str = "", only: int = 0) -> Wanted:
    return Wanted(name, Deployment.Kind.EMBEDDING, Scope.EMBEDDINGS, purpose, model, only)


async def _embed(caller: Caller, body: dict[str, Any], wanted: Wanted) -> tuple[list[Vector], Running]:
    inputs = body["input"]
    async with calls.metered(caller, wanted, partial(requests.estimate_embedding, inputs)) as call:
        raw = await routing.post(call, PATH, body | {"encoding_format": "float"})
        vectors = await asyncio.to_thread(_vectors, raw.get("data"), len(inputs))
        call.meter.relayed(0)
        call.meter.reported(raw.get("usage"))
        call.meter.output_tokens = 0
        call.meter.status = Usage.Status.DONE
    return vectors, call


def _vectors(data: object, count: int) -> list[Vector]:
    """In the order of the inputs, all of one length; whatever else an upstream sends is refused."""
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise UpstreamBroken
    by_index: dict[object, Vector] = {}
    for position, item in enumerate(data):
        index = item.get("index")
        by_index[index if isinstance(index, int) else position] = _decoded(item.get("embedding"))
    if len(data) != count or by_index.keys() != set(range(count)) or len(set(map(len, by_index.values()))) != 1:
        raise UpstreamBroken
    return [by_index[index] for index in range(count)]


def _decoded(embedding: object) -> Vector:
    try:
        if isinstance(embedding, str):
            raw = base64.b64decode(embedding, validate=True)
            vector = list(struct.unpack(f"<{len(raw) // 4}f", raw))
        elif isinstance(embedding, list):
            vector = embedding
        else:
            raise UpstreamBroken
        if not vector or not all(map(math.isfinite, array("f", vector))):
            raise UpstreamBroken
    except (binascii.Error, struct.error, TypeError, OverflowError):  # nothing that four bytes can hold
        raise UpstreamBroken from None
    return vector


def _written(model: str, vectors: list[Vector], consumed: Consumption, *, in_base64: bool) -> bytes:
    usage = {"prompt_tokens": consumed.input_tokens, "total_tokens": consumed.input_tokens}
    head = json.dumps({"object": "list", "model": model, "usage": usage}).removesuffix("}")
    items = (
        json.dumps({"object": "embedding", "index": index, "embedding": _encoded(vector) if in_base64 else vector})
        for index, vector in enumerate(vectors)
    )
    return f'{head}, "data": [{", ".join(items)}]}}'.encode()


def _encoded(vector: Vector) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
