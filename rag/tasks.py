import asyncio
import uuid

from celery import shared_task

from rag import adoption, file_keeping, ingestion, queueing


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def ingest_document(document_id: str) -> None:
    asyncio.run(ingestion.ingest(uuid.UUID(document_id)))


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def sweep_documents() -> None:
    queueing.sweep()
    adoption.sweep()
    file_keeping.sweep()


@shared_task  # type: ignore[untyped-decorator]  # Celery ships no types
def tend_index(index_id: int) -> None:
    adoption.tend(index_id)
