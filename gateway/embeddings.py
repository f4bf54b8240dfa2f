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
from typing import Any

from gateway import calls, relay, requests
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import UpstreamBroken
from gateway.metering import Consumption
from gateway.models import Deployment, Purpose, Usage

PATH = "/embeddings"
Vector = list[float]


async def embed(
    caller: Caller, texts: list[str], *, purpose: Purpose, deployment: Deployment | None = None
) -> list[Vector]:
    """The vectors of `texts`, in their order, by `deployment` or the default one."""
    if not texts:
        return []
    if deployment is None:
        deployment = await in_database(Deployment.objects.find, "", Deployment.Kind.EMBEDDING)
    vectors, _ = await _embed(caller, deployment, requests.embedding({"input": texts}), purpose)
    return vectors


async def answer(caller: Caller, body: dict[str, Any], *, purpose: Purpose) -> bytes:
    """The answer to an API caller's body: JSON, the vectors in the encoding it asks for."""
    body = requests.embedding(body)
    deployment = await in_database(Deployment.objects.find, body.get("model", ""), Deployment.Kind.EMBEDDING)
    in_base64 = body.pop("encoding_format", "float") == "base64"
    vectors, consumed = await _embed(caller, deployment, body, purpose)
    return await asyncio.to_thread(_written, deployment.name, vectors, consumed, in_base64=in_base64)


async def _embed(
    caller: Caller, deployment: Deployment, body: dict[str, Any], purpose: Purpose
) -> tuple[list[Vector], Consumption]:
    inputs = body["input"]
    async with calls.metered(caller, deployment, purpose, requests.estimate_embedding(inputs)) as meter:
        upstream_body = body | {"model": deployment.model, "encoding_format": "float"}
        raw = await relay.post(deployment.upstream, PATH, upstream_body)
        vectors = await asyncio.to_thread(_vectors, raw.get("data"), len(inputs))
        meter.relayed(0)
        meter.reported({"completion_tokens": 0})
        meter.reported(raw.get("usage"))
        meter.output_tokens = 0
        meter.status = Usage.Status.DONE
    return vectors, meter.consumption()


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
