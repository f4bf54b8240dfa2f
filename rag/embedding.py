"""Texts into vectors, through the gateway like every other call of a model."""

import math
from collections.abc import Sequence

from pgvector import HalfVector

from gateway import embeddings
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import (
    ContextTooLong,
    GatewayError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotInHouse,
    QuotaExceeded,
    UpstreamRefused,
)
from gateway.models import Deployment, Purpose
from rag.exceptions import (
    IngestionError,
    ModelRefused,
    ModelUnavailable,
    NoEmbeddingModel,
    OutsideTheHouse,
    QuotaUsedUp,
)

REASONS: dict[type[GatewayError], type[IngestionError]] = {
    QuotaExceeded: QuotaUsedUp,
    NotFound: NoEmbeddingModel,
    NotInHouse: OutsideTheHouse,
    NotAllowed: ModelRefused,
    InvalidRequest: ModelRefused,
    UpstreamRefused: ModelRefused,
    ContextTooLong: ModelRefused,
}


async def default_deployment() -> Deployment:
    """The model that indexes now; vectors of another one cannot be compared with its own."""
    try:
        return await in_database(Deployment.objects.find, "", Deployment.Kind.EMBEDDING)
    except GatewayError as error:
        raise _reason(error) from error


async def embed(caller: Caller, texts: Sequence[str], purpose: Purpose, deployment: Deployment) -> list[HalfVector]:
    """One vector of length 1 a text. Raises the IngestionError that people understand."""
    try:
        found = await embeddings.embed(caller, list(texts), purpose=purpose, deployment=deployment)
    except GatewayError as error:
        raise _reason(error) from error
    return [HalfVector(_of_length_one(vector)) for vector in found]


def _reason(error: GatewayError) -> IngestionError:
    kinds = (REASONS[kind] for kind in type(error).__mro__ if kind in REASONS)
    return next(kinds, ModelUnavailable)()


def _of_length_one(vector: list[float]) -> list[float]:
    """Half precision ends at 65,504, and only the direction is compared."""
    length = math.sqrt(sum(value * value for value in vector))
    if not math.isfinite(length) or not length:
        raise ModelRefused
    return [value / length for value in vector]
