"""Another embedding model without a pause: its index is built beside the one in use, then takes its place at once.

    being built ── complete ──▸ in use ── another took its place ──▸ kept for a while ── KEPT over ──▸ removed

Until then searches and new documents go on with the one in use, whatever becomes of the other. One that is kept is
adopted again without much ado: only what came since is embedded. The default embedding deployment says which is wanted.
"""

import asyncio
import logging
import time
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Deployment, Purpose
from rag import hnsw
from rag.calibration import calibrate
from rag.embedding import embed
from rag.exceptions import IngestionError, ModelRefused, OutsideTheHouse
from rag.indexing import LEASE, index_document, lacking, renew
from rag.models import Document, EmbeddingIndex, Vector
from rag.prefixes import prefixes_of
from rag.samples import SAMPLES

logger = logging.getLogger(__name__)

State = EmbeddingIndex.State
KEPT = timedelta(days=7)  # for a change of mind
TURN = 45.0  # seconds of work until other tasks have theirs
RETRY_DELAY, LONGEST_DELAY = timedelta(seconds=10), timedelta(minutes=10)
MOST_REFUSED = 20  # documents, until the model counts as unfit
REMOVED_AT_ONCE = 20  # documents a transaction


@transaction.atomic
def adopt(deployment: Deployment, prefixes: tuple[str, str] | None = None, by: User | None = None) -> EmbeddingIndex:
    """Begin to build the index of this deployment's model; the one in use stays until that is complete."""
    query_prefix, passage_prefix = prefixes_of(deployment.model) if prefixes is None else prefixes
    indexes = list(EmbeddingIndex.objects.select_for_update().exclude(state=State.DROPPED))
    if not deployment.is_default:
        deployment.is_default = True
        deployment.save()
    same = (each for each in indexes if (each.model, each.passage_prefix) == (deployment.model, passage_prefix))
    index = next(same, None) or EmbeddingIndex(model=deployment.model, passage_prefix=passage_prefix)
    EmbeddingIndex.objects.building().exclude(pk=index.pk).update(state=State.DROPPED)
    if index.state != State.ACTIVE:
        index.state = State.BUILDING if any(each.state == State.ACTIVE for each in indexes) else State.ACTIVE
    index.query_prefix, index.adopted_by, index.retired_at = query_prefix, by, None
    index.error, index.attempts, index.lease_until = "", 0, timezone.now()
    index.save()
    return index


def follow() -> None:
    """What the default embedding deployment serves is wanted, and anything rather than what nobody serves."""
    active, building = EmbeddingIndex.objects.active().first(), EmbeddingIndex.objects.building().first()
    if active is None:
        return
    default = Deployment.objects.serving(Deployment.Kind.EMBEDDING).filter(is_default=True).first()
    if default is None and not active.offers().exists():
        default = Deployment.objects.serving(Deployment.Kind.EMBEDDING).first()
    if default is None or (building and building.model == default.model):
        return
    if default.model != active.model:
        adopt(default)
    elif building:
        drop(building)


@transaction.atomic
def drop(index: EmbeddingIndex) -> bool:
    """Give up an index that is not in use; a worker removes it. The model in use is the default again."""
    unused = EmbeddingIndex.objects.filter(pk=index.pk).exclude(state=State.ACTIVE)
    if not unused.update(state=State.DROPPED, retired_at=timezone.now()):
        return False
    active = EmbeddingIndex.objects.active().first()
    offer = active.offers().first() if active else None
    if offer and not offer.is_default:
        offer.is_default = True
        offer.save()
    return True


@transaction.atomic
def switch(index: EmbeddingIndex) -> bool:
    """Once nothing is lacking. The locks wait for documents that are being stored into the one in use."""
    indexes = {each.pk: each for each in EmbeddingIndex.objects.select_for_update().order_by("pk")}
    if indexes[index.pk].state != State.BUILDING or lacking(index).exists():
        return False
    EmbeddingIndex.objects.active().update(state=State.RETIRED, retired_at=timezone.now())
    EmbeddingIndex.objects.filter(pk=index.pk).update(state=State.ACTIVE)
    logger.info("searches use the embedding model %s now", index.model)
    return True


# --- by the workers -------------------------------------------------------------------------------------------------


def sweep() -> None:
    """Tell the workers of each index that needs something, and that nobody holds."""
    follow()
    EmbeddingIndex.objects.filter(state=State.RETIRED, retired_at__lt=timezone.now() - KEPT).update(state=State.DROPPED)
    for index in EmbeddingIndex.objects.filter(lease_until__lt=timezone.now()):
        if _needs_work(index):
            announce(index)


def announce(index: EmbeddingIndex) -> None:
    send = current_app.send_task
    transaction.on_commit(lambda: send("rag.tasks.tend_index", args=[index.pk], retry=False), robust=True)


def _needs_work(index: EmbeddingIndex) -> bool:
    if index.state == State.RETIRED:
        return False
    is_new = not index.calibration and index.offers().exists()
    return index.state != State.ACTIVE or is_new or lacking(index).exists() or hnsw.is_wanted(index)


def tend(index_id: int) -> None:
    """Do for a while what an index needs: fill it, make it quick, let it take over, or remove it."""
    index = _claimed(index_id)
    if index is None:
        return
    try:
        is_done = _removed(index) if index.state == State.DROPPED else asyncio.run(_fill(index)) and _complete(index)
    except IngestionError as error:
        logger.warning("the embedding model %s gets no further: %s", index.model, error.code)
        delay = min(RETRY_DELAY * 2 ** min(index.attempts, 10), LONGEST_DELAY)
        _release(index, after=delay, error=error.code, attempts=index.attempts + 1)
        return
    _release(index, error="", attempts=0)
    if not is_done:
        announce(index)


def _claimed(index_id: int) -> EmbeddingIndex | None:
    now = timezone.now()
    free = EmbeddingIndex.objects.exclude(state=State.RETIRED).filter(pk=index_id, lease_until__lte=now)
    return EmbeddingIndex.objects.get(pk=index_id) if free.update(lease_until=now + LEASE) else None


def _release(index: EmbeddingIndex, after: timedelta = timedelta(), **fields: object) -> None:
    EmbeddingIndex.objects.filter(pk=index.pk).update(lease_until=timezone.now() + after, **fields)


async def _fill(index: EmbeddingIndex) -> bool:
    """Whether nothing is lacking any longer. What the model refuses holds up nothing else."""
    deadline, refused, reason = time.monotonic() + TURN, list[UUID](), IngestionError()
    if not index.calibration:
        await _calibrate(index)
    while document := await in_database(
        lacking(index).exclude(pk__in=refused).select_related("collection").order_by("created_at").first
    ):
        try:
            await index_document(index, document, await in_database(_who_asks, index, document))
        except (ModelRefused, OutsideTheHouse) as error:
            reason, refused = error, [*refused, document.pk]
        if len(refused) >= MOST_REFUSED:
            break
        if time.monotonic() > deadline or not await in_database(renew, index):
            return False
    if refused:
        raise reason
    return True


async def _calibrate(index: EmbeddingIndex) -> None:
    """Find out how well the model knows which language, before searches rely on it."""
    if not (user := await in_database(_who_tries, index)):
        return  # nobody is there yet

    async def embedded(purpose: Purpose, texts: list[str]) -> list[list[float]]:
        return [vector.to_list() for vector in await embed(Caller(user), texts, purpose, index)]

    found = await calibrate(partial(embedded, Purpose.RETRIEVAL), SAMPLES, partial(embedded, Purpose.INGESTION))
    index.calibration = asdict(found)
    await index.asave(update_fields=["calibration"])


def _who_tries(index: EmbeddingIndex) -> User | None:
    """Who chose the model, or else an admin."""
    return index.adopted_by or User.objects.filter(is_superuser=True, is_active=True).order_by("date_joined").first()


def _who_asks(index: EmbeddingIndex, document: Document) -> User:
    """Those whose documents they are did not ask for it."""
    user = _who_tries(index) or document.uploaded_by or document.collection.owner
    if user is None:
        raise ModelRefused
    return user


def _complete(index: EmbeddingIndex) -> bool:
    if hnsw.is_wanted(index):
        hnsw.create(index)
    return index.state == State.ACTIVE or switch(index)


def _removed(index: EmbeddingIndex) -> bool:
    hnsw.remove(index)
    deadline = time.monotonic() + TURN
    while documents := list(index.documents.values_list("document", flat=True)[:REMOVED_AT_ONCE]):
        if time.monotonic() > deadline:
            return False
        with transaction.atomic():
            Vector.objects.filter(index=index, chunk__document__in=documents).delete()
            index.documents.filter(document__in=documents).delete()
    index.delete()
    return True
