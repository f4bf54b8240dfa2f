"""Is this process alive, and are the parts it needs there?"""

import contextlib

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from config.running import connections
from config.running.exceptions import StartError
from gateway.models import Upstream


def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything is there, else 503; names what is missing and never why (no addresses leak)."""
    state: dict[str, object] = {"database": False, "pgvector": False, "migrations": False, "redis": False}
    state["upstreams"] = 0
    try:
        executor = MigrationExecutor(connection)
        state["database"] = True
        state["pgvector"] = _has_pgvector()
        state["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        state["upstreams"] = Upstream.objects.filter(is_active=True).count() if state["migrations"] else 0
    except DatabaseError:
        pass
    with contextlib.suppress(StartError):
        connections.check_redis()
        state["redis"] = True
    is_ready = all(state[name] for name in ("database", "pgvector", "migrations", "redis"))
    return JsonResponse({"ready": is_ready, **state}, status=200 if is_ready else 503)


def _has_pgvector() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(connections.PGVECTOR)
        found = cursor.fetchone()
    return bool(found and connections.is_recent(found[0]))
