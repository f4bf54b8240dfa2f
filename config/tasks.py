import logging
import os
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from celery import shared_task
from django.db import connections

from config import erasing, exporting, keeping
from config.running.ports import answers
from config.running.variables import text

logger = logging.getLogger(__name__)
_delivering = Lock()


@shared_task  # type: ignore[untyped-decorator]
def deliver_webhooks() -> None:
    """Beside the other rounds, one at a time: while an address hangs, no sweep waits."""
    if not _delivering.acquire(blocking=False):
        return
    try:
        Thread(target=_deliver, name="webhooks", daemon=True).start()
    except RuntimeError:  # no thread can be started just now
        _delivering.release()
        raise


def _deliver() -> None:
    from config.telling import TELLERS
    from gateway import deliveries

    try:
        deliveries.deliver_due(TELLERS)
    except Exception:
        logger.exception("A round of webhooks failed")
    finally:
        _delivering.release()
        connections.close_all()


@shared_task(bind=True, max_retries=300)  # type: ignore[untyped-decorator]
def register_inference(self: Any) -> None:
    """Offer the models of the embedded server as soon as it answers: it takes a while to load them."""
    from gateway.exceptions import UpstreamError
    from gateway.upstreams import register_embedded

    url = os.environ["VOLIERE_INFERENCE_URL"]
    place = urlsplit(url)
    if not answers(place.hostname or "", place.port or 80):
        raise self.retry(countdown=2)
    try:
        register_embedded(url, text("VOLIERE_INFERENCE_KEY"))
    except UpstreamError as error:  # it ended after it had answered
        raise self.retry(countdown=2) from error


@shared_task  # type: ignore[untyped-decorator]
def tend_servers() -> None:
    """Here, as what keeps a server awake is known in more than one room."""
    from gateway.hours import tending
    from rag import awaited

    tending.tend_all(awaited.by_documents)


@shared_task  # type: ignore[untyped-decorator]
def write_export(pk: str) -> None:
    exporting.write(pk)


@shared_task  # type: ignore[untyped-decorator]
def erase_person(pk: str) -> None:
    erasing.run(pk)


@shared_task  # type: ignore[untyped-decorator]
def sweep_personal_data() -> None:
    exporting.sweep()
    erasing.sweep()


@shared_task  # type: ignore[untyped-decorator]
def begin_retention() -> None:
    """The rounds must not wait for what may take long."""
    apply_retention.delay()


@shared_task  # type: ignore[untyped-decorator]
def apply_retention() -> None:
    keeping.apply()
