"""The addresses of the gateway itself."""

from functools import partial

from django.utils.translation import gettext_lazy

from gateway.api import audio, endpoints, responses
from gateway.api.routes import Route
from gateway.assistants import Assistants
from gateway.grounding import Search
from gateway.requests import CHAT, EMBEDDING, OBJECT, RERANK, TEXT_COMPLETION, TRANSCRIPTION, Field
from gateway.responses.request import FIELDS

FILE = Field(lambda _: True, gettext_lazy("a recording"), {"type": "string", "format": "binary"})
STREAMED = ("application/json", "text/event-stream")
TRANSCRIBED = ("application/json", "text/plain")


def addresses(search: Search | None = None, others: Assistants | None = None) -> list[Route]:
    """`search` finds what answers may be drawn from; without one there are no documents. `others` answer beside the
    models."""
    return [
        Route("GET", "/models", partial(endpoints.models, others=others)),
        Route("GET", "/models/{model:rest}", partial(endpoints.model, others=others)),
        Route("POST", "/chat/completions", partial(endpoints.chat_completions, search=search, others=others),
              takes=CHAT | {"x_rag": OBJECT}, needs=("model", "messages"), gives=STREAMED),
        Route("POST", "/completions", endpoints.text_completions,
              takes=TEXT_COMPLETION, needs=("model", "prompt"), gives=STREAMED),
        Route("POST", "/embeddings", endpoints.create_embeddings, takes=EMBEDDING, needs=("model", "input")),
        Route("POST", "/rerank", endpoints.rerank, takes=RERANK, needs=("model", "query", "documents")),
        Route("POST", "/responses", partial(responses.create_response, search=search, others=others),
              takes=FIELDS, needs=("model", "input"), gives=STREAMED),
        Route("POST", "/audio/transcriptions", audio.create_transcription, is_upload=True,
              takes=TRANSCRIPTION | {"file": FILE}, needs=("model", "file"), gives=TRANSCRIBED),
    ]  # fmt: skip
