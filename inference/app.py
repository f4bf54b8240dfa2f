"""The routes of the server, and how it says no."""

import asyncio
import base64
import contextlib
import hmac
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from inference import completions
from inference.embedding import Vectors
from inference.exceptions import InferenceError, InvalidRequest, StillLoading, Unauthorised, UnknownModel
from inference.loading import Models
from inference.requests import chat_request, embedding_request, read_json, rerank_request
from inference.settings import Settings

RETRY_AFTER = "3"  # seconds
CLIENT_GONE = 499

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]


def create_app(settings: Settings, on_failure: Callable[[], None] = lambda: None) -> Starlette:
    """`on_failure` is called when the models cannot be loaded; the reason has been logged by then."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.models.start_loading(settings, on_failure)
        yield
        app.state.models.stop()

    routes = [
        Route("/healthz", healthz),
        Route("/v1/models", protected(models, settings.key)),
        Route("/v1/models/{name:path}", protected(model, settings.key)),
        Route("/v1/embeddings", protected(embeddings, settings.key), methods=["POST"]),
        Route("/v1/rerank", protected(rerank, settings.key), methods=["POST"]),
        Route("/v1/chat/completions", protected(chat_completions, settings.key), methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {InferenceError: refused, HTTPException: not_routed}
    handlers |= {ClientDisconnect: left, Exception: failed}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.state.models = Models()
    return app


def protected(endpoint: Endpoint, key: str) -> Endpoint:
    async def checked(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if key and not hmac.compare_digest(given, f"Bearer {key}".encode()):
            raise Unauthorised("The API key is missing or wrong.")
        return await endpoint(request)

    return checked


async def healthz(request: Request) -> Response:
    try:
        loaded = _models(request).loaded
    except StillLoading:
        return JSONResponse({"status": "loading"}, status_code=503, headers={"Retry-After": RETRY_AFTER})
    return JSONResponse({"status": "ok", "waiting": loaded.batcher.waiting})


async def models(request: Request) -> Response:
    return JSONResponse({"object": "list", "data": _models(request).described()})


async def model(request: Request) -> Response:
    name = request.path_params["name"]
    for described in _models(request).described():
        if described["id"] == name:
            return JSONResponse(described)
    raise UnknownModel(f"This server has no model {name!r}.", param="model")


async def embeddings(request: Request) -> Response:
    asked = embedding_request(await read_json(request))
    model, batcher = _models(request).embedding(asked.model), _models(request).loaded.batcher
    if asked.dimensions not in (None, model.dimensions):
        message = f"{model.id} makes vectors of {model.dimensions} dimensions and no others."
        raise InvalidRequest(message, param="dimensions")
    tokens = await asyncio.to_thread(model.lengths, asked.inputs)
    vectors = await _while_connected(request, batcher.embed(asked.inputs, tokens))
    if vectors is None:
        return Response(status_code=CLIENT_GONE)
    content = {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(_encoded(vectors, asked.encoding))
        ],
        "model": model.id,
        "usage": {"prompt_tokens": sum(tokens), "total_tokens": sum(tokens)},
    }
    return JSONResponse(content)


async def rerank(request: Request) -> Response:
    asked = rerank_request(await read_json(request))
    model = _models(request).reranker(asked.model)
    tokens = await asyncio.to_thread(model.lengths, asked.query, asked.documents)
    scores = await _while_connected(request, model.scores(asked.query, asked.documents, tokens))
    if scores is None:
        return Response(status_code=CLIENT_GONE)
    best = sorted(enumerate(scores), key=lambda scored: -scored[1])[: asked.top_n]
    content = {
        "id": f"rerank-{uuid.uuid4().hex}",
        "model": model.id,
        "results": [{"index": index, "relevance_score": score} for index, score in best],
        "usage": {"prompt_tokens": sum(tokens), "total_tokens": sum(tokens)},
    }
    return JSONResponse(content)


async def chat_completions(request: Request) -> Response:
    asked = chat_request(await read_json(request))
    pieces = _models(request).chat(asked.model).stream(asked)
    if not asked.stream:
        content = await _while_connected(request, completions.whole(pieces, asked.model))
        return Response(status_code=CLIENT_GONE) if content is None else JSONResponse(content)
    first = await _while_connected(request, _first(pieces))
    if first is None:
        return Response(status_code=CLIENT_GONE)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = completions.events(pieces, asked, first)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def refused(request: Request, error: InferenceError) -> Response:
    headers = {"Retry-After": RETRY_AFTER} if isinstance(error, StillLoading) else {}
    return JSONResponse(error.to_dict(), status_code=error.status, headers=headers)


async def not_routed(request: Request, error: HTTPException) -> Response:
    words = {404: "There is nothing at this address.", 405: f"{request.method} is not possible at this address."}
    content = InvalidRequest(words.get(error.status_code, error.detail)).to_dict()
    return JSONResponse(content, status_code=error.status_code, headers=error.headers)


async def left(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=CLIENT_GONE)  # nobody reads it


async def failed(request: Request, error: Exception) -> Response:
    return JSONResponse(InferenceError("The server failed; its log says why.").to_dict(), status_code=500)


def _models(request: Request) -> Models:
    found: Models = request.app.state.models
    return found


def _encoded(vectors: Vectors, encoding: str) -> list[Any]:
    if encoding == "base64":
        return [base64.b64encode(vector.astype("<f4").tobytes()).decode() for vector in vectors]
    return list(vectors.tolist())


async def _first(pieces: AsyncIterator[T]) -> T:
    return await anext(pieces)


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of the work, or None when the caller left before: then the work is cancelled."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_disconnect(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
