"""Embeddings: the texts that are to become vectors."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.metering import Estimate, estimated_tokens
from gateway.models import Deployment
from gateway.requests.fields import COUNT, TEXT, Body, Field, allowed, are_tokens, invalid

MAX_INPUTS = 2048

EMBEDDING: dict[str, Field] = {
    "model": TEXT,
    "input": Field(lambda value: isinstance(value, str | list), gettext_lazy("a text or a list of texts")),
    "dimensions": COUNT,
    "encoding_format": Field(lambda value: value in ("float", "base64"), gettext_lazy("“float” or “base64”")),
}


def embedding(body: Body) -> Body:
    """The body for embeddings, checked; raises InvalidRequest. `input` is always a list."""
    found = allowed(body, EMBEDDING)
    given = found.get("input")
    inputs = [given] if isinstance(given, str) or are_tokens(given) else given
    if not inputs or len(inputs) > MAX_INPUTS or not all(isinstance(item, str) or are_tokens(item) for item in inputs):
        raise invalid("input", _("a text or a list of 1 to %(count)s texts") % {"count": MAX_INPUTS})
    return found | {"input": inputs}


def estimate_embedding(inputs: list[str | list[int]], deployments: Sequence[Deployment]) -> Estimate:
    return Estimate(sum(estimated_tokens(item) if isinstance(item, str) else len(item) for item in inputs), 0)
