"""The OpenAI-compatible surface: decode, call, encode. Every answer is JSON or an event stream, errors included."""

import contextlib
import json
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from gateway import completions, embeddings, requests
from gateway.authentication import authenticated
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import (
    GatewayError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    QuotaExceeded,
    UnknownModel,
)
from gateway.models import Deployment, Purpose

logger = logging.getLogger(__name__)
View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class EventStream(StreamingHttpResponse):
    """Server-sent events whose source is closed as soon as the reader is gone."""

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, content_type="text/event-stream")
        self.events = events
        self["Cache-Control"] = "no-cache"
        self["X-Accel-Buffering"] = "no"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with contextlib.aclosing(self.events) as events:
            async for event in events:
                yield event


def endpoint(method: str) -> Callable[[View], View]:
    """A view for callers with a key, whose errors become OpenAI's error objects."""

    def decorate(view: View) -> View:
        @csrf_exempt  # there is no cookie to forge a request with
        @wraps(view)
        async def answer(request: HttpRequest, **arguments: str) -> HttpResponseBase:
            request_id = f"req_{uuid.uuid4().hex}"
            try:
                caller = await authenticated(request)
                if request.method != method:
                    raise MethodNotAllowed
                response = await view(request, caller, **arguments)
            except GatewayError as error:
                response = refusal(error)
            except Exception:  # an integrator's client cannot read Django's HTML page
                logger.exception("Request %s failed", request_id)
                response = refusal(GatewayError())
            if response.status_code == 405:
                response["Allow"] = method
            response["x-request-id"] = request_id
            return response

        return answer

    return decorate


def error_object(error: GatewayError) -> dict[str, Any]:
    kinds = {429: error.code, 403: "permission_error"}
    kind = kinds.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
    return {"error": {"message": str(error), "type": kind, "param": error.param, "code": error.code}}


def refusal(error: GatewayError) -> JsonResponse:
    response = JsonResponse(error_object(error), status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    if isinstance(error, QuotaExceeded):
        response["x-should-retry"] = "false"  # clients would try again at once, in vain
    return response


@endpoint("GET")
async def models(request: HttpRequest, caller: Caller) -> JsonResponse:
    deployments = await in_database(_serving)
    return JsonResponse({"object": "list", "data": [_model(deployment) for deployment in deployments]})


@endpoint("GET")
async def model(request: HttpRequest, caller: Caller, name: str) -> JsonResponse:
    for deployment in await in_database(_serving):
        if deployment.name == name:
            return JsonResponse(_model(deployment))
    raise UnknownModel(param="model")


@endpoint("POST")
async def chat_completions(request: HttpRequest, caller: Caller) -> HttpResponseBase:
    body = _body(request)
    if body.get("stream") is not True:
        return JsonResponse(await completions.complete(caller, body, purpose=Purpose.API))
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    pieces = completions.stream(caller, body, purpose=Purpose.API)
    first = await anext(pieces)  # an error up to here still has a status of its own
    return EventStream(_events(first, pieces, with_usage=with_usage))


@endpoint("POST")
async def create_embeddings(request: HttpRequest, caller: Caller) -> HttpResponse:
    answer = await embeddings.answer(caller, _body(request), purpose=Purpose.API)
    return HttpResponse(answer, content_type="application/json")


@csrf_exempt
async def nothing_here(request: HttpRequest) -> JsonResponse:
    response = refusal(NotFound())
    response["x-request-id"] = f"req_{uuid.uuid4().hex}"
    return response


def _serving() -> list[Deployment]:
    return [deployment for kind in Deployment.Kind for deployment in Deployment.objects.serving(kind)]


def _model(deployment: Deployment) -> dict[str, Any]:
    return {
        "id": deployment.name,
        "object": "model",
        "created": int(deployment.upstream.created_at.timestamp()),
        "owned_by": deployment.upstream.name,
        "voliere": {
            "kind": deployment.kind,
            "licence": deployment.licence,
            "context_length": deployment.context_length,
        },
    }


def _body(request: HttpRequest) -> dict[str, Any]:
    body = requests.parsed(request.body)
    if not body.get("model"):
        raise InvalidRequest(_("Please name a model; /v1/models lists them."), param="model")
    return body


async def _events(
    first: dict[str, Any], pieces: AsyncGenerator[dict[str, Any], None], *, with_usage: bool
) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(pieces):
        try:
            yield _event(first)
            async for piece in pieces:
                if piece["choices"] or with_usage:
                    yield _event(piece)
        except GatewayError as error:
            yield _event(error_object(error))
            return
    yield b"data: [DONE]\n\n"


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content, separators=(",", ":")).encode() + b"\n\n"
