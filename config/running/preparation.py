"""What has to be so before Voliere serves anyone: tables, static files, a first admin, the embedded models' server."""

import contextlib
import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core import checks
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts import setup
from accounts.exceptions import AlreadySetUp
from config import tasks
from config.running import connections
from config.running.exceptions import StartError
from config.running.variables import text
from gateway import neighbours, partitions, upstreams
from gateway.models import Upstream

MIGRATION_LOCK = 0x701E2E  # any constant: the advisory lock that lets one process at a time change tables
FINGERPRINT = ".fingerprint"


@dataclass(frozen=True)
class Prepared:
    inference: bool  # whether the embedded models' server is wanted
    setup_link: str | None
    servers: list[str]  # how to register those found on this machine: told at the first start


def prepare() -> Prepared:
    """Raises `StartError`."""
    refuse_what_is_unsafe()
    connections.check_database()
    connections.check_redis()
    migrate()
    partitions.prepare()
    collect_static()
    link = _first_admin()
    wants_inference = not Upstream.objects.filter(is_embedded=True, is_active=False).exists()
    is_first = not Upstream.objects.exists()
    servers = [line for neighbour in neighbours.find() for line in neighbours.hint(neighbour)] if is_first else []
    if wants_inference and os.environ.get("VOLIERE_INFERENCE_URL"):
        upstreams.expect_embedded()
        tasks.register_inference.delay()
    return Prepared(wants_inference, link, servers)


def refuse_what_is_unsafe() -> None:
    """Behind https:// this is for others than whoever tries it out: then what `check --deploy` finds is no advice."""
    if not settings.SECURE:
        return
    found = checks.run_checks(tags=[checks.Tags.security], include_deployment_checks=True)
    texts = [str(each.msg) for each in found if not each.is_silenced() and each.level >= checks.WARNING]
    if "*" in settings.ALLOWED_HOSTS:
        texts.append("ALLOWED_HOSTS is *: name the hosts that people come by.")
    if texts:
        raise StartError("This is not safe to offer at " + " ".join([settings.PUBLIC_URL + ":", *texts]))


def migrate() -> None:
    """Apply what is missing, however many processes ask for it at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                call_command("migrate", verbosity=0, interactive=False)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def collect_static() -> None:
    """Only when a file has changed: compressing them all takes seconds. Those who share a folder do it in turn."""
    fingerprint, stored = _static_fingerprint(), Path(settings.STATIC_ROOT) / FINGERPRINT
    stored.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(stored.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not stored.exists() or stored.read_text() != fingerprint:
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            stored.write_text(fingerprint)
    finally:
        os.close(folder)


def _static_fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            state = Path(storage.path(path)).stat()
            digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _first_admin() -> str | None:
    """Make the admin that the environment names; else return the link by which a person becomes it."""
    link = setup.setup_link()
    email, password = text("VOLIERE_ADMIN_EMAIL"), text("VOLIERE_ADMIN_PASSWORD")
    if not link or not (email or password):
        return link
    if not (email and password):
        raise StartError("VOLIERE_ADMIN_EMAIL and VOLIERE_ADMIN_PASSWORD belong together: one of them is empty.")
    with contextlib.suppress(AlreadySetUp):  # another process was quicker
        setup.create_admin(email, password)
    return None
