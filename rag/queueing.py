"""Tell the workers of a document. The row is the job: a message may be lost, the sweep over the rows finds it."""

import uuid
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone

from rag.exceptions import Interrupted
from rag.models import Document, first_lease

MAX_ATTEMPTS = 6
RETRY_DELAY = timedelta(seconds=5)  # doubled with each attempt


def announce(document_id: uuid.UUID) -> None:
    """A broker that is away costs nothing but the time until the next sweep, hence robust."""
    transaction.on_commit(lambda: _send(document_id), robust=True)


def retry(document: Document) -> None:
    """By a person's wish, with all attempts ahead. What was read before is found until it is replaced."""
    if Document.objects.finished().filter(pk=document.pk).requeue():
        announce(document.id)
    document.refresh_from_db()


def postpone(document_id: uuid.UUID, attempt: int) -> None:
    """Give the document back; the sweep queues it again after a while."""
    until = timezone.now() + RETRY_DELAY * 2 ** (attempt - 1)
    Document.objects.filter(pk=document_id, attempts=attempt).update(
        status=Document.Status.QUEUED, done=0, total=0, lease_until=until
    )


def sweep() -> int:
    """Queue again what was lost: messages the broker forgot, documents whose worker died."""
    lost = Document.objects.unfinished().filter(lease_until__lt=timezone.now())
    lost.filter(attempts__gte=MAX_ATTEMPTS).update(status=Document.Status.FAILED, error=Interrupted.code)
    found = list(lost.values_list("pk", flat=True))
    for document_id in found:
        again = lost.filter(pk=document_id).update(
            status=Document.Status.QUEUED, done=0, total=0, lease_until=first_lease()
        )
        if again:
            announce(document_id)
    return len(found)


def _send(document_id: uuid.UUID) -> None:
    current_app.send_task("rag.tasks.ingest_document", args=[str(document_id)], retry=False)
