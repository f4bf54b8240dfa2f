"""Files, stores and batches as OpenAI's clients read them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from rag.api import ids
from rag.api.endpoints import Object
from rag.exceptions import IngestionError
from rag.models import Collection, Document, FileBatch, StoredFile

STATUSES: dict[str, str] = {
    **dict.fromkeys(Document.UNFINISHED, "in_progress"),
    Document.Status.READY: "completed",
    Document.Status.FAILED: "failed",
    Document.Status.CANCELLED: "cancelled",
}
FILE_STATUSES = ("in_progress", "completed", "failed", "cancelled")
# not the file's fault
OURS = {"no_embedding_model", "model_refused", "quota_used_up", "model_unavailable", "interrupted", IngestionError.code}
UNKNOWN_CHUNKING = {"type": "other"}  # by structure, of no fixed size: none of those that clients know
USUAL_PURPOSE = "user_data"  # of what was uploaded in the pages


def seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None


def file(found: StoredFile | Document) -> Object:
    file_id = found.id if isinstance(found, StoredFile) else found.public_file_id
    return {
        "id": ids.written(ids.FILE, file_id),
        "object": "file",
        "bytes": found.size,
        "created_at": seconds(found.created_at),
        "filename": found.name,
        "status": "processed",  # as a file; in a store it has a status of its own
        "status_details": None,
        "expires_at": seconds(found.expires_at) if isinstance(found, StoredFile) else None,
        "purpose": found.purpose if isinstance(found, StoredFile) else USUAL_PURPOSE,
    }


def counted(stores: "QuerySet[Collection]") -> "QuerySet[Collection]":
    """With what `store` tells of the files."""
    current = Q(documents__isnull=False, documents__replaces=None)
    counts: dict[str, Any] = {
        f"files_{name}": Count("documents", filter=current & Q(documents__status__in=_statuses(name)))
        for name in FILE_STATUSES
    }
    return stores.annotate(**counts, used_bytes=Sum("documents__size", filter=current))


def store(found: Any) -> Object:
    """One of `counted`."""
    counts = {name: getattr(found, f"files_{name}") for name in FILE_STATUSES}
    days = found.expires_after_days
    return {
        "id": ids.written(ids.STORE, found.id),
        "object": "vector_store",
        "name": found.name,
        "description": found.purpose or None,
        "created_at": seconds(found.created_at),
        "last_active_at": seconds(found.last_active_at or found.created_at),
        "status": "expired" if found.has_expired else "in_progress" if counts["in_progress"] else "completed",
        "usage_bytes": found.used_bytes or 0,
        "file_counts": counts | {"total": sum(counts.values())},
        "metadata": found.metadata,
        "expires_after": {"anchor": "last_active_at", "days": days} if days is not None else None,
        "expires_at": seconds(found.expires_at),
    }


def store_file(document: Document) -> Object:
    return {
        "id": ids.written(ids.FILE, document.public_file_id),
        "object": "vector_store.file",
        "created_at": seconds(document.created_at),
        "vector_store_id": ids.written(ids.STORE, document.collection_id),
        "status": STATUSES[document.status],
        "last_error": _last_error(document),
        "usage_bytes": document.size,
        "attributes": document.attributes,
        "chunking_strategy": UNKNOWN_CHUNKING,
    }


def batch(found: FileBatch) -> Object:
    statuses = [STATUSES[status] for status in found.documents.values_list("status", flat=True)]
    counts = {name: statuses.count(name) for name in FILE_STATUSES}
    return {
        "id": ids.written(ids.BATCH, found.id),
        "object": "vector_store.files_batch",
        "created_at": seconds(found.created_at),
        "vector_store_id": ids.written(ids.STORE, found.collection_id),
        "status": "cancelled" if found.cancelled_at else "in_progress" if counts["in_progress"] else "completed",
        "file_counts": counts | {"total": len(statuses)},
    }


def deleted(kind: str, object_name: str, one: Any) -> Object:
    return {"id": ids.written(kind, one), "object": object_name, "deleted": True}


def with_status(documents: "QuerySet[Document]", name: str) -> "QuerySet[Document]":
    return documents.filter(status__in=_statuses(name))


def _statuses(name: str) -> Iterable[str]:
    return [status for status, told in STATUSES.items() if told == name]


def _last_error(document: Document) -> Object | None:
    if document.status != Document.Status.FAILED:
        return None
    code = "server_error" if document.error in OURS else "invalid_file"
    return {"code": code, "message": document.reason}
