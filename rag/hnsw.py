"""The graph that finds near vectors without looking at all: one for each embedding index that is large enough.

Made beside running traffic, by one process of the database, hence slowly: people's searches keep the others.
"""

import logging

from django.db import connection
from django.db.models import Sum

from rag.vectors import EmbeddingIndex

logger = logging.getLogger(__name__)

FROM = 50_000  # vectors; fewer are compared one by one as quickly
BYTES_A_VECTOR = 300  # in memory, besides its numbers
LEAST_MEMORY, MOST_MEMORY = 64, 2048  # MiB
LOCK = 0x766F6C  # of advisory locks, the second number is the index

STATE = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"


def vectors_in(index: EmbeddingIndex) -> int:
    return index.documents.aggregate(sum=Sum("vectors"))["sum"] or 0


def is_wanted(index: EmbeddingIndex) -> bool:
    return index.can_be_sorted and vectors_in(index) >= FROM and not is_there(index)


def create(index: EmbeddingIndex) -> None:
    """Takes minutes, and never within a transaction. Does nothing while another process is at it."""
    dimension, count = index.dimension or 0, vectors_in(index)
    needed = count * (2 * dimension + BYTES_A_VECTOR) * 5 // 4 // 1024**2
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, index.pk])
        if not cursor.fetchone()[0]:
            return
        try:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index.hnsw}")  # what a killed attempt left
            cursor.execute(f"SET maintenance_work_mem = '{min(max(needed, LEAST_MEMORY), MOST_MEMORY)}MB'")
            cursor.execute("SET max_parallel_maintenance_workers = 0")
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY {index.hnsw} ON rag_vector "
                f"USING hnsw ((embedding::halfvec({dimension})) halfvec_cosine_ops) WHERE index_id = {index.pk}"
            )
        finally:
            cursor.execute("RESET maintenance_work_mem")
            cursor.execute("RESET max_parallel_maintenance_workers")
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, index.pk])
    logger.info("%d vectors of %s can be found by their graph now", count, index.model)


def remove(index: EmbeddingIndex) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index.hnsw}")


def is_there(index: EmbeddingIndex) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(STATE, [index.hnsw])
        found = cursor.fetchone()
    return bool(found and found[0])
