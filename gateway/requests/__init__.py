"""What a caller may send on to a model: an allowlist. Fields that are not on it are dropped, whatever they say."""

from gateway.requests.chat import CHAT, chat, estimate_chat
from gateway.requests.embeddings import EMBEDDING, embedding, estimate_embedding
from gateway.requests.fields import COUNT, LIST, OBJECT, TEXT, TRUTH, Field, invalid, parsed

FIELDS = CHAT.keys() | EMBEDDING.keys()

__all__ = [
    "CHAT",
    "COUNT",
    "EMBEDDING",
    "FIELDS",
    "LIST",
    "OBJECT",
    "TEXT",
    "TRUTH",
    "Field",
    "chat",
    "embedding",
    "estimate_chat",
    "estimate_embedding",
    "invalid",
    "parsed",
]
