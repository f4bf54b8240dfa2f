"""Reranking, in the shape that Jina and Cohere gave it: texts to be put in the order in which they answer a query."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from gateway.metering import MAX_TOKENS, Estimate, estimated_tokens
from gateway.models import Deployment
from gateway.requests.fields import COUNT, LIST, TEXT, TRUTH, Body, Field, allowed, invalid

MAX_DOCUMENTS = 10_000

RERANK: dict[str, Field] = {
    "model": TEXT,
    "query": TEXT,
    "documents": LIST,
    "top_n": COUNT,
    "return_documents": TRUTH,
}


def reranking(body: Body) -> Body:
    """The body for reranking, checked; raises InvalidRequest. `documents` are texts."""
    found = allowed(body, RERANK)
    if not found.get("query"):
        raise invalid("query", _("a text"))
    documents = [_text(document) for document in found.get("documents", ())]
    if not 0 < len(documents) <= MAX_DOCUMENTS or None in documents:
        raise invalid("documents", _("a list of 1 to %(count)s texts") % {"count": MAX_DOCUMENTS})
    return found | {"documents": documents}


def _text(document: Any) -> str | None:
    text = document.get("text") if isinstance(document, dict) else document
    return text if isinstance(text, str) else None


def estimate_reranking(body: Body, deployments: Sequence[Deployment]) -> Estimate:
    """A model reads the query anew beside each of the texts."""
    documents = body["documents"]
    tokens = estimated_tokens(body["query"]) * len(documents) + sum(map(estimated_tokens, documents))
    return Estimate(min(tokens, MAX_TOKENS), 0)
