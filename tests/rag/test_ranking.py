"""What becomes of the candidates: refused, folded, narrowed, reranked, explained."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from gateway.callers import Caller
from gateway.models import Deployment, Upstream, Usage
from rag import reranking
from rag.exceptions import InvalidFilter
from rag.filters import Filters
from rag.models import Collection, Document
from rag.retrieval import Passages, retrieve
from tests.fake_upstream import FakeUpstream
from tests.rag.files import BUDGET, GARDEN
from tests.rag.test_retrieval import embeds_as, learn

ROSES = "Die Rosen im Garten blühen im Juni besonders schön, wenn es im Mai genug geregnet hat und die Erde warm ist."
NOWHERE = "Welche Quantenzahl hat das Elektron?"


@pytest.fixture
def library(embedder: FakeUpstream, collection: Collection, alice: User) -> Collection:
    for text, attributes in ((GARDEN, {"year": 2023}), (ROSES, {"year": 2024}), (BUDGET, {"kind": "minutes"})):
        document = learn(alice, collection, text, f"{text[:9]}.txt")
        Document.objects.filter(pk=document.pk).update(attributes=attributes)
    return collection


def search(user: User, question: str, **more: Any) -> Passages:
    return asyncio.run(retrieve(Caller(user), question, Collection.objects.all(), **more))


def texts(passages: Passages) -> list[str]:
    return [passage.text for passage in passages]


def test_a_question_that_nothing_answers_gives_no_passage(
    library: Collection, alice: User, embedder: FakeUpstream
) -> None:
    embeds_as(embedder, [0.0] * 31 + [1.0])
    found = search(alice, NOWHERE)
    assert found == [] and not found.degraded and found.nearest < found.threshold


def test_what_hardly_fits_is_given_to_who_wants_it_anyway(library: Collection, alice: User) -> None:
    assert len(search(alice, NOWHERE, anyway=True)) == 3
    assert len(search(alice, "Fasse die Dokumente zusammen")) == 3


def test_a_passage_tells_why_it_was_found(library: Collection, alice: User) -> None:
    first, *others = search(alice, "Wann blühen die Rosen?", anyway=True)
    assert first.text == ROSES and first.words > 0.4 and others[-1].words == 0
    assert all(0 <= passage.meaning <= 1 and passage.relevance is None for passage in others)


def test_what_is_said_nearly_twice_is_one_passage(library: Collection, alice: User) -> None:
    learn(alice, library, ROSES + " Punkt.", "second version.txt")
    assert len([text for text in texts(search(alice, "Rosen im Juni")) if "Rosen" in text]) == 1


def test_filters_narrow_what_is_searched(library: Collection, alice: User) -> None:
    newer = Filters(attributes={"type": "gte", "key": "year", "value": 2024})
    assert texts(search(alice, "Garten", filters=newer)) == [ROSES]
    assert texts(search(alice, "Garten", filters=Filters(documents=[]))) == []
    tomorrow = Filters(uploaded_after=timezone.now() + timedelta(days=1))
    assert texts(search(alice, "Garten", filters=tomorrow, anyway=True)) == []


def test_a_filter_changes_no_score(library: Collection, alice: User) -> None:
    def scores(**more: Any) -> dict[str, float]:
        return {passage.text: passage.score for passage in search(alice, "Garten", anyway=True, **more)}

    only = Filters(attributes={"type": "eq", "key": "year", "value": 2024})
    assert scores(filters=only) == {ROSES: scores()[ROSES]}


def test_what_is_no_filter_is_refused_before_any_call(library: Collection, alice: User, embedder: FakeUpstream) -> None:
    before = len(embedder.calls)
    with pytest.raises(InvalidFilter):
        search(alice, "Garten", filters=Filters(attributes={"type": "like"}))
    assert len(embedder.calls) == before


def test_a_filter_opens_nothing_to_a_stranger(library: Collection, charlie: User) -> None:
    [*documents] = Document.objects.values_list("pk", flat=True)
    assert search(charlie, "Garten", filters=Filters(documents=documents), anyway=True) == []


def test_a_follow_up_finds_what_it_refers_to(library: Collection, alice: User) -> None:
    assert search(alice, "Und wann?") == []
    assert search(alice, "Und wann?", rephrased="Wann blühen die Rosen?")[0].text == ROSES


# --- reranking ----------------------------------------------------------------------------------------------------


@pytest.fixture
def judge(library: Collection) -> Deployment:
    """The scripted one gives long texts a high score."""
    upstream = Upstream.objects.get()
    return Deployment.objects.create(upstream=upstream, name="judge", model="bge-judge", kind="rerank")


LONGEST_FIRST = sorted((GARDEN, ROSES, BUDGET), key=len, reverse=True)


def test_a_reranking_model_has_the_last_word(judge: Deployment, alice: User, embedder: FakeUpstream) -> None:
    found = search(alice, "annual budget", anyway=True)
    assert texts(found) == LONGEST_FIRST
    assert [passage.relevance for passage in found] == [len(text) / 100 for text in LONGEST_FIRST]
    assert embedder.calls[-1].body["query"] == "annual budget"


def test_reranking_is_metered_as_a_search(judge: Deployment, alice: User) -> None:
    search(alice, "annual budget")
    assert Usage.objects.filter(deployment_id=judge.pk, purpose="retrieval", user_id=alice.pk).count() == 1


def test_what_a_failing_reranker_leaves_stays_as_it_was_found(
    judge: Deployment, alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reranking, "WITHIN", 0.2)
    embedder_was = search(alice, "annual budget", anyway=True)
    assert embedder_was[0].relevance is not None
    Deployment.objects.filter(pk=judge.pk).update(model="nowhere")
    Upstream.objects.create(name="silent", base_url="http://127.0.0.1:9/v1")
    Deployment.objects.filter(pk=judge.pk).update(upstream=Upstream.objects.get(name="silent"))
    found = search(alice, "annual budget", anyway=True)
    assert found[0].text == BUDGET and found[0].relevance is None
    assert "stay as they were found" in caplog.text


def test_what_a_dawdling_reranker_leaves_stays_as_it_was_found(
    judge: Deployment, alice: User, embedder: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reranking, "WITHIN", 0.2)
    embeds_as(embedder, [1.0] * 32)
    embedder.hang()
    assert search(alice, "annual budget", anyway=True)[0].text == BUDGET
