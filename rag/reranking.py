"""What a cross-encoder thinks of the passages found, where one is deployed."""

import asyncio
import logging

from gateway import reranking
from gateway.callers import Caller
from gateway.exceptions import GatewayError, UnknownModel
from gateway.models import Purpose

logger = logging.getLogger(__name__)

RERANKED = 30  # passages
WITHIN = 5.0  # seconds; a person waits


async def relevances(caller: Caller, question: str, texts: list[str]) -> list[float] | None:
    """One a text; None where no model is there for it, or none that answers."""
    try:
        async with asyncio.timeout(WITHIN):
            ranking = await reranking.rerank(caller, question, texts, purpose=Purpose.RETRIEVAL)
    except UnknownModel:
        return None
    except (GatewayError, TimeoutError) as error:
        logger.warning("passages stay as they were found: %s", getattr(error, "code", "reranking took too long"))
        return None
    scores = dict(ranking)
    return [scores[position] for position in range(len(texts))]
