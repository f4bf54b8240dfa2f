"""Reranking: texts in the order in which they answer a query, metered."""

import contextlib
import math
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from gateway import calls, catalogue, requests, routing
from gateway.callers import Caller, standing
from gateway.calls import Running, Wanted
from gateway.exceptions import UnknownModel, UpstreamBroken
from gateway.models import Deployment, Purpose, Scope, Usage
from gateway.requests.fields import is_int
from gateway.requests.reranking import MAX_DOCUMENTS

PATH = "/rerank"
Ranking = list[tuple[int, float]]  # positions of texts and their scores, best first
Body = dict[str, Any]


async def is_offered(caller: Caller) -> bool:
    """Whether a search could ask for it: which model does that is not for a key to say."""
    known, offered = replace(await standing(caller), deployments=None), await catalogue.current()
    with contextlib.suppress(UnknownModel):
        return bool(offered.find("", Deployment.Kind.RERANK, known))
    return False


async def rerank(caller: Caller, query: str, texts: list[str], *, purpose: Purpose) -> Ranking:
    """All of `texts` by the default model for it; raises UnknownModel when there is none."""
    if not texts:
        return []
    body = requests.reranking({"query": query, "documents": texts})
    ranking, _ = await _rerank(caller, body, _wanted("", purpose))
    return ranking


async def answer(
    caller: Caller, body: Body, *, purpose: Purpose, admitted: Callable[[Running], None] = lambda call: None
) -> Body:
    """The answer to an API caller's body."""
    body = requests.reranking(body)
    ranking, call = await _rerank(caller, body, _wanted(body.get("model", ""), purpose))
    admitted(call)
    results: list[Body] = [{"index": index, "relevance_score": score} for index, score in ranking[: body.get("top_n")]]
    if body.get("return_documents"):
        results = [result | {"document": {"text": body["documents"][result["index"]]}} for result in results]
    tokens = call.meter.consumption().input_tokens
    return {
        "id": f"rerank-{uuid.uuid4().hex}",
        "object": "list",
        "model": call.deployment.name,
        "results": results,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _wanted(name: str, purpose: Purpose) -> Wanted:
    return Wanted(name, Deployment.Kind.RERANK, Scope.EMBEDDINGS, purpose)


async def _rerank(caller: Caller, body: Body, wanted: Wanted) -> tuple[Ranking, Running]:
    """An upstream is always asked for all: how many it leaves out, and whether it repeats the texts, differs."""
    asked = {"query": body["query"], "documents": body["documents"]}
    async with calls.metered(caller, wanted, partial(requests.estimate_reranking, body)) as call:
        found = await routing.post(call, PATH, asked)
        ranking = _ranking(found.get("results"), len(body["documents"]))
        call.meter.relayed(0)
        call.meter.reported(_usage(found))
        call.meter.output_tokens = 0
        call.meter.status = Usage.Status.DONE
    return ranking, call


def _usage(found: Body) -> Body | None:
    """Some servers tell the sum alone; it is all input."""
    usage = found.get("usage")
    return {"prompt_tokens": usage.get("total_tokens")} | usage if isinstance(usage, dict) else None


def _ranking(results: object, count: int) -> Ranking:
    """Each text once, with a score; whatever else an upstream sends is refused."""
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise UpstreamBroken
    scores = {_index(result.get("index")): _score(result.get("relevance_score")) for result in results}
    if len(results) != count or scores.keys() != set(range(count)):
        raise UpstreamBroken
    return sorted(scores.items(), key=lambda scored: -scored[1])


def _index(value: object) -> int:
    if not is_int(value, 0, MAX_DOCUMENTS):
        raise UpstreamBroken
    return value  # type: ignore[return-value]


def _score(value: object) -> float:
    if is_int(value, -(2**53), 2**53) or (isinstance(value, float) and math.isfinite(value)):
        return float(value)  # type: ignore[arg-type]
    raise UpstreamBroken
