"""Another embedding model: its index is built beside the one in use, which goes on whatever happens."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from gateway.models import Deployment, Upstream
from rag import adoption
from rag.ingestion import ingest
from rag.models import Collection, Document, EmbeddingIndex, IndexedDocument, Vector
from rag.tasks import sweep_documents, tend_index
from rag.uploads import accept
from tests.fake_upstream import DIMENSIONS, Connection, FakeUpstream
from tests.rag.files import BUDGET, GARDEN, uploaded
from tests.rag.test_retrieval import ask, learn

State = EmbeddingIndex.State
WIDE = 12  # numbers a vector of the other model; bge-finch has eight


async def embed_widely(connection: Connection) -> None:
    texts = connection.request.body["input"]
    data = [{"index": i, "embedding": [1.0 + len(text) % 7, *[0.5] * (WIDE - 1)]} for i, text in enumerate(texts)]
    await connection.json({"data": data, "usage": {"prompt_tokens": 1}})


@pytest.fixture
def other(embedder: FakeUpstream) -> Deployment:
    """A second model, at a server of its own."""
    upstream = Upstream.objects.get()
    return Deployment.objects.create(upstream=upstream, name="owl", model="multilingual-e5-owl", kind="embedding")


@pytest.fixture
def handbook(embedder: FakeUpstream, collection: Collection, alice: User) -> Collection:
    for number, text in enumerate((GARDEN, BUDGET)):
        learn(alice, collection, text, f"{number}.txt")
    return collection


@pytest.fixture
def wide(embedder: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> FakeUpstream:
    """The server answers with longer vectors for the other model."""
    usual = embedder._script

    def script(request: object) -> object:
        is_other = getattr(request, "body", {}).get("model") == "multilingual-e5-owl"
        return embed_widely if is_other and not embedder._scripts else usual(request)  # type: ignore[arg-type]

    monkeypatch.setattr(embedder, "_script", script)
    return embedder


def built(index: EmbeddingIndex) -> EmbeddingIndex:
    tend_index.apply(args=[index.pk])
    index.refresh_from_db()
    return index


def in_use() -> str:
    return EmbeddingIndex.objects.active().get().model


def asked_of(embedder: FakeUpstream, model: str) -> list[str]:
    return [text for call in embedder.calls if call.body["model"] == model for text in call.body["input"]]


def test_the_first_model_is_adopted_by_itself(handbook: Collection) -> None:
    index = EmbeddingIndex.objects.get()
    assert (index.state, index.model, index.dimension) == (State.ACTIVE, "bge-finch", DIMENSIONS)


def test_another_model_takes_over_when_it_has_everything(
    handbook: Collection, alice: User, other: Deployment, wide: FakeUpstream
) -> None:
    index = adoption.adopt(other)
    assert (index.state, in_use(), ask(alice, "Garten").degraded) == (State.BUILDING, "bge-finch", False)
    assert built(index).state == State.ACTIVE
    assert (index.dimension, Vector.objects.filter(index=index).count()) == (WIDE, 2)
    assert EmbeddingIndex.objects.get(model="bge-finch").state == State.RETIRED
    assert (ask(alice, "Garten")[0].text, ask(alice, "Garten").degraded) == (GARDEN, False)


def test_prefixes_are_sent(handbook: Collection, alice: User, other: Deployment, wide: FakeUpstream) -> None:
    built(adoption.adopt(other))
    ask(alice, "Garten")
    *passages, question = asked_of(wide, "multilingual-e5-owl")
    assert {text[:9] for text in passages} == {"passage: "}
    assert question == "query: Garten"


def test_another_prefix_is_another_index(handbook: Collection, wide: FakeUpstream) -> None:
    index = built(adoption.adopt(Deployment.objects.get(name="finch"), ("ask: ", "read: ")))
    assert index.state == State.ACTIVE and EmbeddingIndex.objects.count() == 2
    assert f"read: {GARDEN}" in asked_of(wide, "bge-finch")


def test_a_changed_default_is_followed(handbook: Collection, other: Deployment, wide: FakeUpstream) -> None:
    other.is_default = True
    other.save()
    sweep_documents.apply()
    assert built(EmbeddingIndex.objects.building().get()).state == State.ACTIVE


def test_a_default_that_is_changed_back_ends_the_building(handbook: Collection, other: Deployment) -> None:
    index = adoption.adopt(other)
    finch = Deployment.objects.get(name="finch")
    finch.is_default = True
    finch.save()
    adoption.sweep()
    index.refresh_from_db()
    assert (index.state, in_use()) == (State.DROPPED, "bge-finch")


def test_what_is_uploaded_meanwhile_gets_both(
    handbook: Collection, alice: User, other: Deployment, wide: FakeUpstream
) -> None:
    index = adoption.adopt(other)
    document = learn(alice, handbook, "Die Imkerin kommt im Mai.", "bees.txt")
    built(index)
    assert IndexedDocument.objects.filter(document=document).count() == 2


def test_it_does_not_take_over_while_anything_is_lacking(handbook: Collection, other: Deployment) -> None:
    assert not adoption.switch(adoption.adopt(other))
    assert in_use() == "bge-finch"


@pytest.mark.parametrize("fault", [503, 400])
def test_a_failing_model_leaves_the_other_in_use(
    handbook: Collection, alice: User, other: Deployment, embedder: FakeUpstream, fault: int
) -> None:
    for _ in range(20):
        embedder.fail(fault)
    index = built(adoption.adopt(other))
    embedder._scripts.clear()
    assert index.error in ("model_unavailable", "model_refused")
    assert (index.attempts, index.lease_until > timezone.now()) == (1, True)
    assert (in_use(), ask(alice, "Garten").degraded) == ("bge-finch", False)


def test_after_a_failure_it_goes_on(handbook: Collection, other: Deployment, wide: FakeUpstream) -> None:
    for _ in range(20):
        wide.fail(503)
    index = built(adoption.adopt(other))
    wide._scripts.clear()
    EmbeddingIndex.objects.update(lease_until=timezone.now())
    assert (built(index).state, index.error) == (State.ACTIVE, "")


def test_a_model_that_is_gone_leaves_the_other_in_use(handbook: Collection, alice: User, other: Deployment) -> None:
    index = adoption.adopt(other)
    other.delete()
    assert built(index).error == "no_embedding_model"
    assert not ask(alice, "Garten").degraded


def test_a_model_in_use_that_is_gone_is_replaced_by_what_there_is(
    handbook: Collection, alice: User, other: Deployment, wide: FakeUpstream
) -> None:
    Deployment.objects.filter(name="finch").delete()
    assert ask(alice, "Garten").degraded
    adoption.sweep()
    learn(alice, handbook, "Die Imkerin kommt im Mai.", "bees.txt")  # into the one that is being built
    built(EmbeddingIndex.objects.building().get())
    assert (in_use(), ask(alice, "Garten").degraded) == ("multilingual-e5-owl", False)


def test_what_was_adopted_before_needs_only_what_came_since(
    handbook: Collection, alice: User, other: Deployment, wide: FakeUpstream
) -> None:
    built(adoption.adopt(other))
    learn(alice, handbook, "Die Imkerin kommt im Mai.", "bees.txt")
    before = len(asked_of(wide, "bge-finch"))
    assert built(adoption.adopt(Deployment.objects.get(name="finch"))).state == State.ACTIVE
    assert len(asked_of(wide, "bge-finch")) == before + 1


def test_what_is_out_of_use_is_removed_after_a_while(
    handbook: Collection, other: Deployment, wide: FakeUpstream
) -> None:
    built(adoption.adopt(other))
    EmbeddingIndex.objects.filter(state=State.RETIRED).update(retired_at=timezone.now() - timedelta(days=8))
    adoption.sweep()
    old = EmbeddingIndex.objects.get(model="bge-finch")
    tend_index.apply(args=[old.pk])
    assert not EmbeddingIndex.objects.filter(pk=old.pk).exists()
    assert Vector.objects.count() == 2


def test_the_one_in_use_cannot_be_dropped(handbook: Collection) -> None:
    assert not adoption.drop(EmbeddingIndex.objects.get())


def test_a_dropped_one_hands_the_default_back(handbook: Collection, other: Deployment) -> None:
    assert adoption.drop(adoption.adopt(other))
    assert Deployment.objects.get(is_default=True).name == "finch"


def test_a_document_replaced_while_it_is_embedded_is_done_again(
    handbook: Collection, alice: User, other: Deployment, wide: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, document = adoption.adopt(other), Document.objects.order_by("created_at").first()
    assert document
    read_again = lambda: asyncio.run(ingest(document.pk))  # noqa: E731
    at_the_first(monkeypatch, lambda: (Document.objects.filter(pk=document.pk).requeue(), read_again()))
    assert built(index).state == State.ACTIVE
    assert Vector.objects.filter(index=index, chunk__document=document).count() == 1


def at_the_first(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Act once, just before vectors are stored."""
    from rag import indexing

    store, acts = indexing._store, [act]

    def first(*args: object) -> None:
        while acts:
            acts.pop()()
        store(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(indexing, "_store", first)


def test_an_uploaders_quota_is_not_spent(handbook: Collection, alice: User, other: Deployment) -> None:
    from gateway.models import Usage

    admin = User.objects.create_superuser("admin@example.org", "a long enough secret")
    built(adoption.adopt(other, by=admin))
    assert set(Usage.objects.filter(model="owl").values_list("user", flat=True)) == {admin.pk}


def test_two_workers_store_each_document_once(handbook: Collection, other: Deployment, wide: FakeUpstream) -> None:
    index = adoption.adopt(other)
    documents = list(Document.objects.select_related("collection"))
    for document in [*documents, *documents]:
        asyncio.run(adoption.index_document(index, document, User.objects.get()))
    assert Vector.objects.filter(index=index).count() == 2


def test_a_collection_of_everything_known_is_counted_by_document(
    handbook: Collection, alice: User, other: Deployment
) -> None:
    accept(alice, handbook, uploaded("Noch nicht gelesen.", "later.txt"))
    assert not ask(alice, "Garten").degraded


def test_what_is_confidential_holds_up_a_model_outside_but_nothing_else(
    handbook: Collection, alice: User, other: Deployment, wide: FakeUpstream
) -> None:
    Upstream.objects.update(in_house=True)
    private = Collection.objects.create(name="Private", owner=alice, data_class="confidential")
    learn(alice, private, "Die Imkerin kommt im Mai.", "bees.txt")
    Upstream.objects.update(in_house=False)
    index = built(adoption.adopt(other))
    assert (index.state, index.error, index.documents.count()) == (State.BUILDING, "outside_the_house", 2)
    assert not [text for text in asked_of(wide, "multilingual-e5-owl") if "Imkerin" in text]


@pytest.mark.django_db(transaction=True)
def test_a_change_of_the_index_in_use_is_told_to_every_process(handbook: Collection) -> None:
    known = connection.get_connection_params()
    about = {key: known[key] for key in ("dbname", "host", "port", "user", "password") if key in known}
    with psycopg.connect(**about, autocommit=True) as listener:
        listener.execute("LISTEN gateway_changed")
        EmbeddingIndex.objects.update(state=State.RETIRED)
        assert [told.channel for told in listener.notifies(timeout=5, stop_after=1)] == ["gateway_changed"]
