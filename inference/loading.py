"""The models of this process: loaded in the background, because importing torch takes longer than opening a port."""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inference.batching import Batcher
from inference.completions import ChatModel
from inference.embedding import EmbeddingModel
from inference.exceptions import InferenceError, InvalidRequest, ModelUnusable, StillLoading, UnknownModel
from inference.librarian import Librarian
from inference.reranking import Reranker
from inference.settings import Settings
from inference.transformer import TransformerChat

KINDS = {"chat": "a chat model", "embedding": "an embedding model", "rerank": "a reranking model"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    embedding: EmbeddingModel
    batcher: Batcher
    chat: dict[str, ChatModel]
    reranker: Reranker | None = None


class Models:
    def __init__(self) -> None:
        self._loaded: Loaded | None = None

    def start_loading(self, settings: Settings, on_failure: Callable[[], None]) -> None:
        def load() -> None:
            try:
                self._loaded = _load(settings)
            except InferenceError as error:
                log.error("%s", error)
                on_failure()
            else:
                log.info("Ready: %s", ", ".join(model["id"] for model in self.described()))

        threading.Thread(target=load, name="loading", daemon=True).start()

    def stop(self) -> None:
        if self._loaded:
            self._loaded.batcher.stop()
            if self._loaded.reranker:
                self._loaded.reranker.stop()

    @property
    def loaded(self) -> Loaded:
        if self._loaded is None:
            raise StillLoading("The models are still being loaded; try again in a few seconds.")
        return self._loaded

    def described(self) -> list[dict[str, Any]]:
        models = (*self.loaded.chat.values(), self.loaded.embedding, self.loaded.reranker)
        return [_described(model) for model in models if model]

    def chat(self, name: str) -> ChatModel:
        self._check(name, "chat", "cannot chat")
        return self.loaded.chat[name]

    def embedding(self, name: str) -> EmbeddingModel:
        self._check(name, "embedding", "makes no embeddings")
        return self.loaded.embedding

    def reranker(self, name: str) -> Reranker:
        self._check(name, "rerank", "does not rerank")
        assert self.loaded.reranker  # noqa: S101  (it is the one of its kind)
        return self.loaded.reranker

    def _check(self, name: str, kind: str, otherwise: str) -> None:
        kinds = {model["id"]: model["voliere"]["kind"] for model in self.described()}
        if name not in kinds:
            raise UnknownModel(f"This server has no model {name!r}.", param="model")
        if kinds[name] != kind:
            raise InvalidRequest(f"{name} is {KINDS[kinds[name]]} and {otherwise}.", param="model")


def _load(settings: Settings) -> Loaded:
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads that spin take the core from the web process
    # between two steps of a model they do spin, for tens of microseconds: to wake them costs a query a quarter more
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    if settings.is_local:
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    try:
        import torch
    except ImportError as error:
        raise ModelUnusable(f"The model server needs torch: {error}") from error

    torch.set_num_threads(settings.threads)
    embedding = EmbeddingModel(settings.embedding_model)
    batcher = Batcher(embedding)
    chat: list[ChatModel] = [Librarian(embedding, batcher)]
    if settings.chat_model:
        chat.append(TransformerChat(settings.chat_model))
    reranker = Reranker(settings.rerank_model) if settings.rerank_model else None
    return Loaded(embedding, batcher, {model.id: model for model in chat}, reranker)


def _described(model: Any) -> dict[str, Any]:
    about = {name: getattr(model, name) for name in ("kind", "licence", "dimensions", "context_length", "description")}
    return {"id": model.id, "object": "model", "created": 0, "owned_by": "voliere", "voliere": about}
