"""What a caller may send on to a model: an allowlist. Fields that are not on it are dropped, whatever they say."""

from gateway.requests.chat import CHAT, chat, estimate_chat
from gateway.requests.embeddings import EMBEDDING, embedding, estimate_embedding
from gateway.requests.fields import COUNT, LIST, OBJECT, TEXT, TRUTH, Field, invalid, left_out, parsed, refuse_constant
from gateway.requests.reranking import RERANK, estimate_reranking, reranking
from gateway.requests.text_completions import TEXT_COMPLETION, estimate_text_completion, text_completion
from gateway.requests.transcriptions import TRANSCRIPTION, estimate_transcription, transcription

FIELDS = {name for fields in (CHAT, EMBEDDING, TEXT_COMPLETION, RERANK, TRANSCRIPTION) for name in fields} | {"file"}

__all__ = [
    "CHAT",
    "COUNT",
    "EMBEDDING",
    "FIELDS",
    "LIST",
    "OBJECT",
    "RERANK",
    "TEXT",
    "TEXT_COMPLETION",
    "TRANSCRIPTION",
    "TRUTH",
    "Field",
    "chat",
    "embedding",
    "estimate_chat",
    "estimate_embedding",
    "estimate_reranking",
    "estimate_text_completion",
    "estimate_transcription",
    "invalid",
    "left_out",
    "parsed",
    "refuse_constant",
    "reranking",
    "text_completion",
    "transcription",
]
