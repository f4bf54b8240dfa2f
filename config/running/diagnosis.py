"""What `manage.py doctor` looks at: each check finds one line to say, or raises `StartError` with one."""

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerUnreachable
from redis.exceptions import RedisError

from accounts import acting
from config.celery import app
from config.running import connections
from config.running.exceptions import StartError
from config.running.ports import listens
from gateway import reports
from gateway.models import Upstream

BOOKS_LOOKED_AT = timedelta(days=2)
FREE_MIN = 2 * 1024**3  # bytes
REACH_TIMEOUT = 3  # seconds
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Finding:
    about: str
    is_well: bool
    text: str


def findings() -> Iterator[Finding]:
    for about, check in CHECKS.items():
        try:
            yield Finding(about, True, check())
        except StartError as error:
            yield Finding(about, False, str(error))
        except DatabaseError:
            yield Finding(about, False, "cannot be told without the database")


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise StartError(f"Python {version} is not one that Voliere is tested with: take 3.11, 3.12 or 3.13.")
    return version


def _data_folder() -> str:
    if not os.access(settings.DATA_DIR, os.R_OK | os.W_OK | os.X_OK):
        raise StartError(f"{settings.DATA_DIR} cannot be read and written by this user.")
    secrets = settings.DATA_DIR / "secrets"
    if secrets.exists() and stat.S_IMODE(secrets.stat().st_mode) & 0o077:
        raise StartError(f"Others on this machine may enter {secrets}: chmod 700 {secrets}")
    return str(settings.DATA_DIR)


def _disk() -> str:
    free = shutil.disk_usage(settings.DATA_DIR).free
    text = f"{free / 1024**3:.1f} GiB free"
    if free < FREE_MIN:
        raise StartError(f"Only {text} for {settings.DATA_DIR}.")
    return text


def _migrations() -> str:
    connections.check_database()
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        raise StartError(f"{missing} missing: run `manage.py prepare`, or start Voliere.")
    return "all applied"


def _second_wall() -> str:
    connections.check_database()
    if acting.wall_stands():
        return "the database knows who may read what"
    user = settings.DATABASES["default"]["USER"]
    raise StartError(f'The database does not check rights itself. As its superuser: GRANT {acting.READER} TO "{user}"')


def _worker() -> str:
    connections.check_redis()
    alive = workers()
    if not alive:
        raise StartError("none answers: documents are not read and nothing is swept up.")
    return f"{alive} at work"


def workers() -> int:
    """How many answer; raises StartError where nobody can be asked."""
    try:
        return len(app.control.ping(timeout=1.5))
    except (BrokerUnreachable, RedisError) as error:
        raise StartError(f"cannot be asked: {error}") from error


def _upstreams() -> str:
    connections.check_database()
    upstreams = list(Upstream.objects.filter(is_active=True))
    silent = [upstream.name for upstream in upstreams if not _is_reachable(upstream.base_url)]
    if silent:
        raise StartError(f"not reachable: {', '.join(silent)}")
    if not upstreams:
        raise StartError("none: add one with `manage.py addupstream NAME URL`, or in the panel.")
    return f"{len(upstreams)} reachable"


def _is_reachable(url: str) -> bool:
    place = urlsplit(url)
    port = place.port or PORTS.get(place.scheme)
    return port is not None and listens(place.hostname or "", port, REACH_TIMEOUT)


def _ledger() -> str:
    connections.check_database()
    found = reports.disagreements(timezone.now() - BOOKS_LOOKED_AT)
    if found:
        first = f"{found[0].model} in the {found[0].span} from {timezone.localtime(found[0].start):%Y-%m-%d %H:%M}"
        raise StartError(f"{len(found)} sums differ from the calls they are of, the first for {first}.")
    return "the sums of the last two days agree with the calls"


def _front_door() -> str:
    """As an integrator's client finds it, through whatever proxy stands before it: without a key it is turned away."""
    import openai  # takes half a second

    address = f"{settings.PUBLIC_URL}/v1"
    client = openai.OpenAI(base_url=address, api_key="none", max_retries=0, timeout=REACH_TIMEOUT)
    try:
        client.models.list()
    except openai.AuthenticationError as error:
        if error.code == "invalid_api_key":
            return f"OpenAI's own client is understood at {address}"
    except openai.APIError as error:
        raise StartError(f"{address} cannot be used: {error}") from error
    raise StartError(f"Something else than Voliere answers at {address}.")


CHECKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "Data folder": _data_folder,
    "Disk": _disk,
    "Database": connections.check_database,
    "Migrations": _migrations,
    "Second wall": _second_wall,
    "Redis": connections.check_redis,
    "Worker": _worker,
    "Upstreams": _upstreams,
    "Front door": _front_door,
    "Ledger": _ledger,
}
