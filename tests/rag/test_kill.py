"""A worker that is killed with no chance to tidy up: the next one arrives at the identical chunks.

One that only loses its connection goes on.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from gateway.database import in_database
from gateway.models import Deployment, Upstream
from rag import adoption, ingestion, queueing
from rag.ingestion import ingest
from rag.models import Chunk, Collection, Document, EmbeddingIndex, Vector
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import uploaded
from tests.rag.test_ingestion import LONG, contents

INGEST = """
import asyncio, sys, uuid
import django
django.setup()
from rag.ingestion import ingest
asyncio.run(ingest(uuid.UUID(sys.argv[1])))
"""


@pytest.fixture
def document(embedder: FakeUpstream, collection: Collection, alice: User) -> Document:
    return accept(alice, collection, uploaded(LONG))


def worker(document: Document) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return running(INGEST, document.pk)


@contextmanager
def running(code: str, pk: object) -> Iterator[subprocess.Popen[bytes]]:
    database = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-c", code, str(pk)]
    process = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_parsing(document: Document) -> bool:
    return Document.objects.filter(pk=document.pk, status="parsing").exists()


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'rag_vector'::regclass")
        return cursor.fetchone() is not None


def killed_while_reading(document: Document, embedder: FakeUpstream) -> None:
    with worker(document):
        wait_until(lambda: is_parsing(document))


def killed_while_the_model_is_asked(document: Document, embedder: FakeUpstream) -> None:
    embedder.hang()
    asked = len(embedder.calls)
    with worker(document):
        embedder.wait_for(lambda upstream: len(upstream.calls) > asked, seconds=60)


def killed_in_the_middle_of_storing(document: Document, embedder: FakeUpstream) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE rag_vector IN EXCLUSIVE MODE")
        with worker(document):
            wait_until(waits_for_a_lock)
    wait_until(lambda: not waits_for_a_lock())


def killed_once_it_has_stored(document: Document, embedder: FakeUpstream) -> None:
    with worker(document) as process:
        process.wait(60)


BEFORE_STORING = [killed_while_reading, killed_while_the_model_is_asked, killed_in_the_middle_of_storing]
ANYWHERE = [*BEFORE_STORING, killed_once_it_has_stored]
Kill = Callable[[Document, FakeUpstream], None]


def resumed(document: Document) -> None:
    """The lease runs out, the sweep finds the document, another worker reads it."""
    Document.objects.filter(pk=document.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    queueing.sweep()
    asyncio.run(ingest(document.pk))


def undisturbed(document: Document, alice: User) -> tuple[list[object], ...]:
    other = accept(alice, Collection.objects.create(name="Other", owner=alice), uploaded(LONG))
    asyncio.run(ingest(other.pk))
    return contents(other)


@pytest.mark.parametrize("kill", ANYWHERE)
def test_killed_anywhere_it_arrives_at_the_identical_chunks(
    document: Document, alice: User, embedder: FakeUpstream, kill: Kill
) -> None:
    kill(document, embedder)
    assert Chunk.objects.exists() == (kill is killed_once_it_has_stored)
    resumed(document)
    document.refresh_from_db()
    assert (document.status, document.attempts) == (
        Document.Status.READY,
        1 if kill is killed_once_it_has_stored else 2,
    )
    assert contents(document) == undisturbed(document, alice)


@pytest.fixture
def new_version(document: Document, alice: User) -> Document:
    Document.objects.update(name="haus.txt")
    asyncio.run(ingest(document.pk))
    again = LONG.replace("Garten", "Hof")
    return accept(alice, document.collection, uploaded(again, "haus.txt"), as_version=True)


@pytest.mark.parametrize("kill", ANYWHERE)
def test_a_new_version_replaces_the_old_one_wholly_or_not_at_all(
    document: Document, new_version: Document, alice: User, embedder: FakeUpstream, kill: Kill
) -> None:
    before = contents(document)
    kill(new_version, embedder)
    document.refresh_from_db()
    is_swapped = kill is killed_once_it_has_stored
    assert (document.version == 2, contents(document) != before) == (is_swapped, is_swapped)
    resumed(new_version)
    document.refresh_from_db()
    assert (document.version, Document.objects.count(), document.versions.count()) == (2, 1, 1)
    document.file.open()
    other = Collection.objects.create(name="Other", owner=alice)
    alone = accept(alice, other, uploaded(document.file.read()))
    asyncio.run(ingest(alone.pk))
    assert contents(document) == contents(alone)


@pytest.mark.parametrize("kill", BEFORE_STORING)
def test_cancelled_after_a_kill_nothing_comes_back(document: Document, embedder: FakeUpstream, kill: Kill) -> None:
    kill(document, embedder)
    queueing.cancel(Document.objects.all())
    resumed(document)
    document.refresh_from_db()
    assert (document.status, Chunk.objects.exists()) == (Document.Status.CANCELLED, False)


def cut_a_renewal(document: Document) -> None:
    """Let the next renewal wait for the row, and end its connection there."""
    with transaction.atomic(), connection.cursor() as cursor:
        Document.objects.filter(pk=document.pk).lock()
        ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: cursor.execute(ends).fetchone() != (0,))


def is_renewed(document: Document) -> bool:
    return Document.objects.filter(pk=document.pk, lease_until__gt=timezone.now()).exists()


def test_a_lost_connection_does_not_end_the_renewals(
    document: Document, embedder: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion, "LEASE", timedelta(seconds=0.5))
    embedder.hang()

    async def scenario() -> None:
        work = asyncio.create_task(ingest(document.pk))
        await asyncio.to_thread(embedder.wait_for, lambda upstream: upstream.calls, 60)
        await in_database(cut_a_renewal, document)
        await asyncio.sleep(0.6)  # longer than what was left of the lease
        await in_database(wait_until, lambda: is_renewed(document))
        work.cancel()
        await asyncio.wait([work])

    asyncio.run(scenario())


TEND = """
import sys
import django
django.setup()
from rag import adoption
adoption.tend(int(sys.argv[1]))
"""


def test_killed_while_another_model_is_adopted(
    document: Document, collection: Collection, alice: User, embedder: FakeUpstream
) -> None:
    """Whatever was stored stays, the next worker goes on from there, and no document is done twice."""
    asyncio.run(ingest(document.pk))
    for number in range(3):
        asyncio.run(ingest(accept(alice, collection, uploaded(f"{number} {LONG}", f"{number}.txt")).pk))
    owl = Deployment.objects.create(upstream=Upstream.objects.get(), name="owl", model="bge-owl", kind="embedding")
    index, asked = adoption.adopt(owl), len(embedder.calls)
    with running(TEND, index.pk):
        embedder.wait_for(lambda upstream: len(upstream.calls) >= asked + 2, seconds=60)
    done = index.documents.count()
    EmbeddingIndex.objects.update(lease_until=timezone.now())
    adoption.tend(index.pk)
    index.refresh_from_db()
    assert (index.state, index.documents.count()) == (EmbeddingIndex.State.ACTIVE, 4)
    assert done < 4 and spans(index) == spans(EmbeddingIndex.objects.get(model="bge-finch"))


def spans(index: EmbeddingIndex) -> list[tuple[int, ...]]:
    return list(Vector.objects.filter(index=index).order_by("chunk", "start").values_list("chunk", "start", "end"))
