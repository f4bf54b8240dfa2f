"""/v1/rerank: texts in the order in which they answer a query."""

import json
from typing import Any

import httpx2
import pytest

from gateway import requests, reranking
from gateway.callers import Caller
from gateway.exceptions import InvalidRequest, UnknownModel
from gateway.models import ApiKey, Deployment, Purpose, Quota, Upstream, Usage
from tests.fake_upstream import FakeUpstream

TEXTS = ["short", "the longest of them all", "in between"]
ORDER = [1, 2, 0]


@pytest.fixture
def judge(aviary: Upstream) -> Deployment:
    return Deployment.objects.create(upstream=aviary, name="judge", model="bge-judge", kind="rerank")


@pytest.fixture
def http(base_url: str, secret: str, judge: Deployment) -> httpx2.Client:
    return httpx2.Client(base_url=base_url, headers={"Authorization": f"Bearer {secret}"})


def asked(http: httpx2.Client, **more: Any) -> httpx2.Response:
    return http.post("/rerank", json={"model": "judge", "query": "which?", "documents": TEXTS, **more})


def test_the_best_comes_first(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    answer = asked(http).json()
    assert [result["index"] for result in answer["results"]] == ORDER
    assert answer["results"][0] == {"index": 1, "relevance_score": len(TEXTS[1]) / 100}
    assert (answer["model"], answer["usage"]["total_tokens"]) == ("judge", 9)
    assert fake_upstream.calls[0].body == {"model": "bge-judge", "query": "which?", "documents": TEXTS}


def test_a_long_query_with_many_texts_is_no_fault_of_ours(http: httpx2.Client) -> None:
    answer = asked(http, query="which? " * 150_000, documents=["a"] * 10_000)
    assert answer.status_code == 200 and Usage.objects.get().status == "done"


def test_only_so_many_are_told(http: httpx2.Client) -> None:
    assert [result["index"] for result in asked(http, top_n=2).json()["results"]] == ORDER[:2]


def test_texts_come_back_to_those_who_ask(http: httpx2.Client) -> None:
    documents = [{"text": text, "title": "x"} for text in TEXTS]
    results = asked(http, documents=documents, return_documents=True).json()["results"]
    assert [result["document"] for result in results] == [{"text": TEXTS[i]} for i in ORDER]


def test_it_is_counted_once(http: httpx2.Client) -> None:
    quota = Quota.objects.create(limit=10_000)
    asked(http)
    quota.refresh_from_db()
    usage = Usage.objects.get()
    assert (quota.used, quota.reserved) == (9, 0)
    assert (usage.status, usage.input_tokens, usage.output_tokens, usage.estimated) == ("done", 9, 0, False)


def test_without_usage_the_query_counts_beside_each_text(http: httpx2.Client, fake_upstream: FakeUpstream) -> None:
    results = [{"index": i, "relevance_score": 1} for i in range(3)]
    fake_upstream.send(json.dumps({"results": results}).encode(), content_type="application/json")
    asked(http, query="1234" * 5)
    usage = Usage.objects.get()
    assert (usage.input_tokens, usage.estimated) == (15 + 2 + 6 + 3, True)


async def test_the_product_reranks_by_the_default(caller: Caller, judge: Deployment) -> None:
    ranking = await reranking.rerank(caller, "which?", TEXTS, purpose=Purpose.RETRIEVAL)
    assert ranking == [(i, len(TEXTS[i]) / 100) for i in ORDER]
    assert await reranking.rerank(caller, "which?", [], purpose=Purpose.RETRIEVAL) == []


async def test_without_a_model_for_it_nothing_is_reranked(caller: Caller, aviary: Upstream) -> None:
    with pytest.raises(UnknownModel):
        await reranking.rerank(caller, "which?", TEXTS, purpose=Purpose.RETRIEVAL)


@pytest.mark.parametrize(
    "results",
    [
        None,
        {},
        [],
        [{"index": 0, "relevance_score": 1}],
        [{"index": 0, "relevance_score": 1}] * 3,
        [{"index": i, "relevance_score": 1} for i in (0, 1, 3)],
        [{"index": i, "relevance_score": 1} for i in (0, 1, 2, 2)],
        [{"index": i, "relevance_score": 1} for i in (-1, 0, 1)],
        [{"index": i, "relevance_score": 1} for i in (False, True, 2)],
        [{"index": i, "relevance_score": float("nan")} for i in range(3)],
        [{"index": i, "relevance_score": "1"} for i in range(3)],
        [{"index": i, "relevance_score": 10**400} for i in range(3)],
        [{"index": [i], "relevance_score": 1} for i in range(3)],
        ["0", "1", "2"],
    ],
)
def test_a_ranking_that_is_none_is_refused(http: httpx2.Client, fake_upstream: FakeUpstream, results: Any) -> None:
    fake_upstream.send(json.dumps({"results": results}).encode(), content_type="application/json")
    answer = asked(http)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_broken")
    assert Usage.objects.get().status == "failed"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"query": None}, "query"),
        ({"query": ""}, "query"),
        ({"query": ["x"]}, "query"),
        ({"documents": []}, "documents"),
        ({"documents": "x"}, "documents"),
        ({"documents": [1]}, "documents"),
        ({"documents": [{"title": "x"}]}, "documents"),
        ({"documents": ["x"] * 10_001}, "documents"),
        ({"top_n": 0}, "top_n"),
        ({"return_documents": 1}, "return_documents"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        requests.reranking({"query": "x", "documents": ["a\0", ""], **body})
    assert refused.value.param == param


def test_ten_thousand_texts_are_ranked(http: httpx2.Client) -> None:
    results = asked(http, documents=["x" * (i % 97) for i in range(10_000)]).json()["results"]
    scores = [result["relevance_score"] for result in results]
    assert len(scores) == 10_000 and scores == sorted(scores, reverse=True)


def test_a_key_that_is_not_for_it_does_not_rerank(http: httpx2.Client) -> None:
    ApiKey.objects.update(scopes=["chat"])
    assert asked(http).json()["error"]["code"] == "scope_missing"
