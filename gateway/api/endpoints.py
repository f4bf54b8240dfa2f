"""What each address does."""

from typing import Any

from django.utils.translation import gettext as _

from gateway import assistants, catalogue, completions, embeddings, grounding, requests, reranking
from gateway.api.http import Answer, Request
from gateway.api.limits import headers_of
from gateway.assistants import Assistants, Listed
from gateway.callers import standing
from gateway.calls import Running, Wanted
from gateway.completions import Form
from gateway.exceptions import InvalidRequest, UnknownModel
from gateway.grounding import Search
from gateway.models import Deployment, Purpose, Scope
from gateway.server_events import DONE
from gateway.text_completions import TEXT

MOST_NAMES = 30


async def models(request: Request, others: Assistants | None = None) -> Answer:
    return Answer.of({"object": "list", "data": await _offered(request, others)})


async def model(request: Request, others: Assistants | None = None) -> Answer:
    for each in await _offered(request, others):
        if each["id"] == request.parameters["model"]:
            return Answer.of(each)
    raise UnknownModel(param="model")


async def _offered(request: Request, others: Assistants | None) -> list[dict[str, Any]]:
    known = await standing(request.caller)
    own = [_model(name, deployment) for name, deployment in (await catalogue.current()).offered_to(known)]
    return own + [_assistant(each) for each in await assistants.offered(others, request.caller)]


async def chat_completions(request: Request, search: Search | None, others: Assistants | None = None) -> Answer:
    body = named(request)
    chat = requests.chat(body)
    told_beside: dict[str, Any] = {}
    given = body.get("x_rag")
    if part := await assistants.played(others, request.caller, chat, grounded_by="" if given is None else "x_rag"):
        chat, request.caller, told_beside = part.chat, part.caller, part.told
        told_beside |= part.grounds.told() if part.grounds else {}
    elif given is not None:
        grounds = await grounding.grounded(search, request.caller, chat, given, "x_rag")
        request.caller, told_beside = grounds.caller, grounds.told()
    return await _completed(request, chat, completions.CHAT, told_beside)


async def text_completions(request: Request) -> Answer:
    return await _completed(request, requests.text_completion(named(request)), TEXT)


async def create_embeddings(request: Request) -> Answer:
    body = named(request)
    return Answer(
        body=await embeddings.answer(request.caller, body, purpose=purpose_of(request), admitted=told(request))
    )


async def rerank(request: Request) -> Answer:
    body = named(request)
    return Answer.of(await reranking.answer(request.caller, body, purpose=purpose_of(request), admitted=told(request)))


async def _completed(
    request: Request, body: dict[str, Any], form: Form, told_beside: dict[str, Any] | None = None
) -> Answer:
    purpose = purpose_of(request)
    wanted = Wanted(body["model"], Deployment.Kind.CHAT, Scope.CHAT, purpose, operation=form.operation)
    if not body.get("stream"):
        answer = await completions.answer(request.caller, body, wanted, told(request), form)
        return Answer.of(answer | (told_beside or {}))
    with_usage = body.get("stream_options", {}).get("include_usage") is True
    events = completions.events(request.caller, body, wanted, told(request), form, with_usage=with_usage)
    if told_beside:
        events = grounding.cited(events, told_beside)
    return await Answer.stream(events, DONE)


def named(request: Request) -> dict[str, Any]:
    body = requests.parsed(request.body)
    require_model(body)
    tell_left_out(request, requests.left_out(body, request.takes))
    return body


def tell_left_out(request: Request, names: list[str]) -> None:
    """What of a request reaches no model."""
    if names:
        known = request.own_headers.get("x-voliere-left-out", "")
        request.own_headers["x-voliere-left-out"] = ", ".join([*filter(None, [known]), *names][:MOST_NAMES])


def require_model(body: dict[str, Any]) -> None:
    """Nobody should get one by accident."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise InvalidRequest(_("Please name a model; /v1/models lists them."), param="model")


def purpose_of(request: Request) -> Purpose:
    """Who says that nobody waits for it stands behind those for whom somebody does."""
    return Purpose.BATCH if request.headers.get("x-voliere-priority") == "batch" else Purpose.API


def told(request: Request) -> Any:
    def admitted(call: Running) -> None:
        request.own_headers |= headers_of(call)

    return admitted


def _model(name: str, deployment: Deployment) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": int(deployment.upstream.created_at.timestamp()),
        "owned_by": deployment.upstream.name,
        "voliere": {
            "kind": deployment.kind,
            "licence": deployment.licence,
            "openness": deployment.openness,
            "origin": deployment.origin,
            "size": deployment.size,
            "card": deployment.card,
            "context_length": deployment.context_length,
        },
    }


def _assistant(found: Listed) -> dict[str, Any]:
    about = {"kind": "assistant", "title": found.title, "description": found.description, "model": found.model}
    head = {"id": found.name, "object": "model", "created": found.created, "owned_by": found.owner}
    return {**head, "voliere": about}
