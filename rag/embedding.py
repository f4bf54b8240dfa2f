"""Texts into vectors, through the gateway like every other call of a model."""

import math
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from pgvector import HalfVector

from gateway import embeddings
from gateway.callers import Caller
from gateway.database import in_database
from gateway.exceptions import (
    Asleep,
    ContextTooLong,
    GatewayError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotInHouse,
    QuotaExceeded,
    UpstreamRefused,
)
from gateway.fresh import Fresh
from gateway.hours import waking
from gateway.models import Deployment, Purpose
from rag.exceptions import (
    IngestionError,
    ModelAsleep,
    ModelRefused,
    ModelUnavailable,
    NoEmbeddingModel,
    OutsideTheHouse,
    QuotaUsedUp,
)
from rag.prefixes import prefixes_of
from rag.vectors import EmbeddingIndex

REASONS: dict[type[GatewayError], type[IngestionError]] = {
    Asleep: ModelAsleep,
    QuotaExceeded: QuotaUsedUp,
    NotFound: NoEmbeddingModel,
    NotInHouse: OutsideTheHouse,
    NotAllowed: ModelRefused,
    InvalidRequest: ModelRefused,
    UpstreamRefused: ModelRefused,
    ContextTooLong: ModelRefused,
}


def index_in_use() -> EmbeddingIndex:
    """What is searched and what new documents go into; raises NoEmbeddingModel.

    Of a model in use that nobody serves any longer, the one that is being built takes the place before its time.
    """
    return index_and_model()[0]


def index_and_model() -> tuple[EmbeddingIndex, Deployment | None]:
    """The same, and who serves its model."""
    growing = list(EmbeddingIndex.objects.growing().order_by("state"))
    for index in growing:
        if deployment := index.offers().first():
            return index, deployment
    index = growing[0] if growing else _first_index()
    return index, index.offers().first()


# every search asks for it; a change is told to all processes
in_use = Fresh[None, tuple[EmbeddingIndex, Deployment | None]](lambda _: index_and_model())


def _first_index() -> EmbeddingIndex:
    try:
        deployment = Deployment.objects.find("", Deployment.Kind.EMBEDDING)
    except GatewayError as error:
        raise _reason(error) from error
    query_prefix, passage_prefix = prefixes_of(deployment.model)
    index = EmbeddingIndex(
        model=deployment.model,
        query_prefix=query_prefix,
        passage_prefix=passage_prefix,
        state=EmbeddingIndex.State.ACTIVE,
    )
    try:
        with transaction.atomic():
            index.save()
    except IntegrityError:  # another process was quicker
        return EmbeddingIndex.objects.active().get()
    return index


async def embed(
    caller: Caller,
    texts: Sequence[str],
    purpose: Purpose,
    index: EmbeddingIndex,
    deployment: Deployment | None = None,
) -> list[HalfVector]:
    """One vector of length 1 a text, behind the prefix of the index. Raises the IngestionError people understand."""
    deployment = deployment or await in_database(index.offers().first)
    if deployment is None:
        raise NoEmbeddingModel
    prefix = index.query_prefix if purpose == Purpose.RETRIEVAL else index.passage_prefix
    prefixed = [prefix + text for text in texts]
    try:
        found = await embeddings.embed(caller, prefixed, purpose=purpose, deployment=deployment)
    except GatewayError as error:
        raise _reason(error) from error
    if index.dimension and any(len(vector) != index.dimension for vector in found):
        raise ModelRefused  # another model answers under the same name
    return [HalfVector(_of_length_one(vector)) for vector in found]


async def awaken(index: EmbeddingIndex) -> None:
    """Begin to wake the server that serves it; raises ModelAsleep where that is not to be."""
    deployments = await in_database(list, index.offers())
    try:
        await waking.ready(deployments, wakes=True)
    except GatewayError as error:
        raise _reason(error) from error


def _reason(error: GatewayError) -> IngestionError:
    kinds = (REASONS[kind] for kind in type(error).__mro__ if kind in REASONS)
    return next(kinds, ModelUnavailable)()


def _of_length_one(vector: list[float]) -> list[float]:
    """Half precision ends at 65,504, and only the direction is compared."""
    length = math.sqrt(sum(value * value for value in vector))
    if not math.isfinite(length) or not length:
        raise ModelRefused
    return [value / length for value in vector]
