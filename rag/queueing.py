"""Tell the workers of a document. The row is the job: a message may be lost, the sweep over the rows finds it."""

import uuid
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone

from gateway import outbox
from gateway.models import Event
from rag.exceptions import Interrupted
from rag.models import Document, DocumentQuerySet, first_lease

MAX_ATTEMPTS = 6
RETRY_DELAY = timedelta(seconds=5)  # doubled with each attempt
ASLEEP_DELAY = timedelta(minutes=1)


def announce(document_id: uuid.UUID) -> None:
    """A broker that is away costs nothing but the time until the next sweep, hence robust."""
    transaction.on_commit(lambda: _send(document_id), robust=True)


def retry(document: Document) -> None:
    """By a person's wish, with all attempts ahead. What was read before is found until it is replaced."""
    if Document.objects.finished().filter(pk=document.pk).requeue():
        announce(document.id)
    document.refresh_from_db()


def retry_all(documents: DocumentQuerySet) -> int:
    """Those that failed or were cancelled."""
    stopped = documents.filter(status__in=Document.STOPPED)
    found = list(stopped.order_by("created_at").values_list("pk", flat=True))
    with transaction.atomic():
        count = stopped.filter(pk__in=found).requeue()
        for document_id in found:
            announce(document_id)
    return count


def cancel(documents: DocumentQuerySet) -> int:
    """Whoever reads them stops within seconds. One that had been read before stays as it was."""
    unfinished = documents.unfinished()
    with transaction.atomic():
        found = list(unfinished.select_for_update().values_list("pk", flat=True))
        cancelled = unfinished.filter(pk__in=found)
        cancelled.filter(content__isnull=False).update(status=Document.Status.READY, claim=None)
        cancelled.update(status=Document.Status.CANCELLED, claim=None)
    return len(found)


def postpone(document: Document) -> None:
    """Give the document back; the sweep queues it again after a while."""
    until = timezone.now() + RETRY_DELAY * 2 ** (document.attempts - 1)
    Document.objects.unfinished().filter(pk=document.pk, claim=document.claim).update(
        status=Document.Status.QUEUED, claim=None, done=0, total=0, lease_until=until
    )


def let_sleep(document: Document) -> None:
    """The same where its model sleeps, which is no failed attempt."""
    Document.objects.unfinished().filter(pk=document.pk, claim=document.claim).update(
        status=Document.Status.QUEUED,
        claim=None,
        done=0,
        total=0,
        attempts=0,
        lease_until=timezone.now() + ASLEEP_DELAY,
    )


def sweep() -> int:
    """Queue again what was lost: messages the broker forgot, documents whose worker died."""
    lost = Document.objects.unfinished().filter(lease_until__lt=timezone.now())
    _give_up(lost.filter(attempts__gte=MAX_ATTEMPTS))
    found = list(lost.values_list("pk", flat=True))
    for document_id in found:
        again = lost.filter(pk=document_id).update(
            status=Document.Status.QUEUED, claim=None, done=0, total=0, lease_until=first_lease()
        )
        if again:
            announce(document_id)
    return len(found)


@transaction.atomic
def _give_up(documents: DocumentQuerySet) -> None:
    found = list(documents.select_for_update(of=("self",)).select_related("uploaded_by"))
    ids = [document.pk for document in found]
    Document.objects.filter(pk__in=ids).update(status=Document.Status.FAILED, error=Interrupted.code)
    for document in found:
        outbox.tell(document.uploaded_by, Event.DOCUMENT_FAILED, document.pk)


def _send(document_id: uuid.UUID) -> None:
    current_app.send_task("rag.tasks.ingest_document", args=[str(document_id)], retry=False)
