import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from gateway.models import Deployment, Occupancy, Quota, ServerHours, Upstream, Usage
from rag import awaited, queueing
from rag.embedding import awaken, index_in_use
from rag.exceptions import LeaseLost
from rag.ingestion import ingest, store
from rag.models import Chunk, Collection, Document, DocumentText, Posting, Vector
from rag.parsers.parsed import Parsed
from rag.tasks import ingest_document, sweep_documents
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import BUDGET, GARDEN, pdf, uploaded

LONG = "\n\n".join(f"Absatz {number}: {GARDEN} {GARDEN} Ende von {number}." for number in range(60))


@pytest.fixture
def document(embedder: FakeUpstream, collection: Collection, alice: User) -> Document:
    return accept(alice, collection, uploaded(LONG))


def ingested(document: Document) -> Document:
    asyncio.run(ingest(document.pk))
    document.refresh_from_db()
    return document


def contents(document: Document) -> tuple[list[object], ...]:
    chunks = Chunk.objects.filter(document=document).order_by("start")
    postings = Posting.objects.filter(chunk__document=document).order_by("chunk__start", "term")
    vectors = Vector.objects.filter(chunk__document=document).order_by("start")
    return (
        list(chunks.values_list("start", "end", "text", "config", "term_count")),
        list(postings.values_list("chunk__start", "term", "frequency")),
        [(vector.start, vector.end, vector.embedding) for vector in vectors],
    )


def test_a_document_becomes_ready_with_chunks_postings_and_vectors(document: Document) -> None:
    assert ingested(document).status == Document.Status.READY
    text = DocumentText.objects.get(document=document).text
    for chunk in Chunk.objects.all():
        assert chunk.text == text[chunk.start : chunk.end]
    assert document.done == document.total == Vector.objects.count() == 60
    assert (document.language, Chunk.objects.values_list("config", flat=True).distinct().get()) == ("de", "german")
    assert Posting.objects.filter(term="gart").count() == Chunk.objects.count()


def test_lengths_are_the_sum_of_frequencies_which_are_halves(document: Document) -> None:
    ingested(document)
    for chunk in Chunk.objects.all():
        postings = Posting.objects.filter(chunk=chunk)
        assert 2 * chunk.term_count == sum(postings.values_list("frequency", flat=True))
        assert set(postings.values_list("length", flat=True)) == {chunk.term_count}
    document.refresh_from_db()
    assert document.chunk_count == Chunk.objects.count()
    assert document.term_count == sum(Chunk.objects.values_list("term_count", flat=True))


def test_pages_are_kept(embedder: FakeUpstream, collection: Collection, alice: User) -> None:
    pages = pdf([GARDEN * 4, (BUDGET + " ") * 9])
    document = ingested(accept(alice, collection, uploaded(pages, "two.pdf")))
    assert set(document.chunks.values_list("page", flat=True)) == {1, 2}


def test_the_uploader_pays_and_no_text_is_kept_in_the_usage(document: Document, alice: User) -> None:
    ingested(document)
    usage = Usage.objects.first()
    assert usage is not None
    assert (usage.user, usage.purpose) == (alice, "ingestion")


def test_a_second_worker_leaves_a_claimed_document_alone(document: Document, embedder: FakeUpstream) -> None:
    Document.objects.update(status="embedding", lease_until=timezone.now() + timedelta(seconds=20))
    assert ingested(document).status == Document.Status.EMBEDDING
    assert not embedder.calls


def test_reading_again_leads_to_the_identical_chunks(document: Document) -> None:
    before = contents(ingested(document))
    Document.objects.requeue()
    assert contents(ingested(document)) == before


def test_an_overtaken_worker_stores_nothing(document: Document) -> None:
    Document.objects.update(claim=uuid4())
    with pytest.raises(LeaseLost):
        store(document, Parsed(GARDEN), [], [], index_in_use())
    assert not DocumentText.objects.exists()


def test_a_document_deleted_meanwhile_leaves_nothing(document: Document, embedder: FakeUpstream) -> None:
    async def deleted() -> None:
        work = asyncio.create_task(ingest(document.pk))
        await asyncio.to_thread(embedder.wait_for, lambda upstream: upstream.calls)
        await document.adelete()
        await work

    asyncio.run(deleted())
    assert not DocumentText.objects.exists() and not Chunk.objects.exists()


def test_a_model_that_is_away_is_asked_again_later(document: Document, embedder: FakeUpstream) -> None:
    for _ in range(10):
        embedder.fail(503)
    ingested(document)
    assert (document.status, document.attempts) == (Document.Status.QUEUED, 1)
    assert timezone.now() < document.lease_until < timezone.now() + timedelta(seconds=6)


def test_after_the_last_attempt_the_reason_is_shown(document: Document, embedder: FakeUpstream) -> None:
    Document.objects.update(attempts=queueing.MAX_ATTEMPTS - 1)
    for _ in range(10):
        embedder.fail(503)
    assert ingested(document).error == "model_unavailable"
    assert document.reason == "The model that indexes documents does not answer."


def test_a_used_up_allowance_fails_at_once_and_costs_nothing(document: Document, alice: User) -> None:
    Quota.objects.create(user=alice, limit=1)
    assert ingested(document).error == "quota_used_up"


def test_without_a_model_the_document_says_so(collection: Collection, alice: User, transactional_db: None) -> None:
    assert ingested(accept(alice, collection, uploaded())).error == "no_embedding_model"


def test_a_file_that_cannot_be_read_says_why(embedder: FakeUpstream, collection: Collection, alice: User) -> None:
    document = ingested(accept(alice, collection, uploaded(pdf([""]), "scan.pdf")))
    assert (document.status, document.error) == (Document.Status.FAILED, "no_text")


def test_a_text_of_one_endless_word_is_indexed(embedder: FakeUpstream, collection: Collection, alice: User) -> None:
    assert ingested(accept(alice, collection, uploaded("x" * 20_000))).status == Document.Status.READY


def expire(document: Document, **fields: object) -> None:
    Document.objects.filter(pk=document.pk).update(lease_until=timezone.now() - timedelta(seconds=1), **fields)


@pytest.mark.parametrize("status", ["queued", "parsing", "embedding"])
def test_the_sweep_finds_what_was_lost(document: Document, status: str) -> None:
    expire(document, status=status, attempts=1)
    assert queueing.sweep() == 1
    assert queueing.sweep() == 0
    document.refresh_from_db()
    assert document.status == Document.Status.QUEUED
    assert ingested(document).status == Document.Status.READY


def test_the_sweep_gives_up_after_the_last_attempt(document: Document) -> None:
    expire(document, status="parsing", attempts=queueing.MAX_ATTEMPTS)
    queueing.sweep()
    document.refresh_from_db()
    assert document.reason == "Reading was interrupted too often."


def test_the_sweep_leaves_finished_and_held_documents_alone(document: Document) -> None:
    assert queueing.sweep() == 0
    expire(document, status="ready")
    assert queueing.sweep() == 0


def test_the_tasks_lead_to_the_same(document: Document) -> None:
    expire(document)
    sweep_documents.apply()
    ingest_document.apply(args=[str(document.pk)])
    document.refresh_from_db()
    assert document.status == Document.Status.READY


def test_a_document_waits_for_a_model_that_sleeps_however_often(document: Document) -> None:
    upstream = Upstream.objects.get()
    hours = ServerHours.objects.create(upstream=upstream, week=[""] * 7, wakes_on_demand=False, state="asleep")
    for _ in range(queueing.MAX_ATTEMPTS + 1):
        assert (ingested(document).status, document.attempts) == (Document.Status.QUEUED, 0)
    assert awaited.by_documents([*Deployment.objects.values_list("pk", flat=True)])
    assert not awaited.by_documents([0])
    hours.delete()
    assert ingested(document).status == Document.Status.READY
    assert not awaited.by_documents([*Deployment.objects.values_list("pk", flat=True)])


def test_a_document_wakes_its_model_where_it_may(document: Document) -> None:
    ServerHours.objects.create(upstream=Upstream.objects.get(), week=[""] * 7, state="asleep")
    Occupancy.objects.update(is_awake=False)
    asyncio.run(asyncio.wait_for(awaken(index_in_use()), 5))
    assert ServerHours.objects.get().state == "waking"
