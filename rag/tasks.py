import asyncio
import uuid

from celery import shared_task

from rag import ingestion, queueing


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def ingest_document(document_id: str) -> None:
    asyncio.run(ingestion.ingest(uuid.UUID(document_id)))


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def sweep_documents() -> None:
    queueing.sweep()
