"""Are the database and Redis there, and are they what Voliere needs? Each answer is one line for a person."""

from urllib.parse import urlsplit

import psycopg
import redis
from django.conf import settings
from django.db import connection

from config.running.exceptions import StartError

PGVECTOR_MIN = (0, 8, 4)  # before, its graphs could lose vectors or be damaged, see its change log
PGVECTOR = """
    SELECT coalesce(installed_version, default_version), default_version
    FROM pg_available_extensions WHERE name = 'vector'
"""
TIMEOUT = 5  # seconds


def check_database() -> str:
    """Return the versions found; raises `StartError`."""
    place = f"{settings.DATABASES['default']['HOST'] or 'localhost'}:{settings.DATABASES['default']['PORT'] or 5432}"
    parameters = {**connection.get_connection_params(), "connect_timeout": TIMEOUT}
    parameters = {
        name: value for name, value in parameters.items() if name not in ("pool", "cursor_factory", "context")
    }
    try:
        with psycopg.connect(**parameters) as database:
            version = database.info.server_version // 10000
            vector = database.execute(PGVECTOR).fetchone()
    except psycopg.Error as error:
        reason = str(error).splitlines()[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip()
        raise StartError(f"Cannot use the database at {place} (DATABASE_URL): {reason}") from error
    if vector is None:
        raise StartError(f"PostgreSQL at {place} has no pgvector: install it there (0.8.4 or newer).")
    if not is_recent(vector[0]):
        cure = "run ALTER EXTENSION vector UPDATE there" if is_recent(vector[1]) else "0.8.4 or newer is needed"
        raise StartError(f"PostgreSQL at {place} has pgvector {vector[0]}: {cure}.")
    return f"PostgreSQL {version} with pgvector {vector[0]}"


def is_recent(pgvector: str) -> bool:
    return tuple(map(int, pgvector.split("."))) >= PGVECTOR_MIN


def check_redis() -> str:
    """Return the version found; raises `StartError`."""
    try:
        client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT)
        with client:
            return f"Redis {client.info('server')['redis_version']}"
    except (redis.RedisError, ValueError) as error:
        place = urlsplit(settings.REDIS_URL).hostname
        raise StartError(f"Cannot use Redis at {place} (REDIS_URL): {error}") from error
