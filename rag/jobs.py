"""Documents as work: what waits, what is under way, what failed and may be tried again."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min

from accounts import audit
from accounts.audit import Kind
from rag import queueing
from rag.models import Document, DocumentQuerySet

Status = Document.Status


def counted() -> list[tuple[Status, int]]:
    """In the order in which a document goes through them."""
    found = dict(Document.objects.order_by().values_list("status").annotate(Count("pk")))
    return [(status, found.get(status, 0)) for status in Status]


def waiting_since() -> datetime | None:
    """The oldest that nobody has begun to read."""
    since: datetime | None = Document.objects.filter(status=Status.QUEUED).aggregate(since=Min("created_at"))["since"]
    return since


def stopped() -> DocumentQuerySet:
    return Document.objects.filter(status__in=Document.STOPPED).select_related("collection").order_by("-created_at")


def try_again(which: UUID | None = None) -> int:
    """All that stopped, or one of them."""
    found = stopped() if which is None else stopped().filter(pk=which)
    count = queueing.retry_all(found)
    if count:
        audit.record(Kind.SETTING_CHANGED, detail=f"documents read again: {count}")
    return count
