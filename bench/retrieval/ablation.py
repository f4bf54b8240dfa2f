"""The product without one of its parts, to see what that one adds."""

import contextlib
from collections.abc import Iterator

# in the database of this run alone
WITHOUT_COMPOUNDS = (
    "rag_splits",
    """CREATE OR REPLACE FUNCTION rag_splits(lexeme text) RETURNS TABLE (head text, tail text) LANGUAGE sql STABLE
    AS $$ SELECT '', '' WHERE false $$""",
)
WITH_POSTGRESQLS_ENDINGS = (
    "rag_term",
    """CREATE OR REPLACE FUNCTION rag_term(config text, lexeme text) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT lexeme $$""",
)
DEFINITION = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s"
COUNT = "SELECT rag_count_terms(id) FROM rag_document ORDER BY created_at"


@contextlib.contextmanager
def replaced(name: str, stand_in: str) -> Iterator[None]:
    """While a function of sql/terms.sql is another one, all terms are counted by it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(DEFINITION, [name])
        [[original]] = cursor.fetchall()
        cursor.execute(stand_in)
        cursor.execute(COUNT)
        yield
        cursor.execute(original)
        cursor.execute(COUNT)


@contextlib.contextmanager
def weighing(share: float | None) -> Iterator[None]:
    """While meaning has that share in every language."""
    from rag import retrieval
    from rag.calibration import Calibration

    def instead(**_measured: object) -> Calibration:
        return Calibration({"": share or 0.0})

    retrieval.Calibration, usual = instead, retrieval.Calibration  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        retrieval.Calibration = usual  # type: ignore[misc]
