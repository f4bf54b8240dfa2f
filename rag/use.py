"""When a document was last used: found by a search or opened. To the day, so that reading seldom writes."""

from collections.abc import Collection as Several
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from rag.models import Document

NOTED_EVERY = timedelta(days=1)


def is_due(used_at: datetime | None) -> bool:
    return used_at is None or used_at < timezone.now() - NOTED_EVERY


def note(documents: Several[UUID]) -> None:
    if not documents:
        return
    now = timezone.now()
    stale = Q(used_at=None) | Q(used_at__lt=now - NOTED_EVERY)
    Document.objects.filter(stale, pk__in=documents).update(used_at=now)
