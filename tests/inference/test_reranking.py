"""/v1/rerank by a tiny cross-encoder, plain and through the gateway."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from accounts.models import User
from gateway import reranking, upstreams
from gateway.callers import Caller
from gateway.database import in_database
from gateway.models import Deployment, Purpose, Upstream, Usage
from inference.embedding import bundled_folder
from inference.exceptions import ModelUnusable
from inference.reranking import SLICE, Reranker
from tests.inference import tiny_cross_encoder
from tests.inference.conftest import KEY, ROOT, Server, serving

QUERY = "Who answers from the hedge?"
TEXTS = ["finches", "The parrot sits on the branch.", "rain " * 200, "", "Zwei Finken antworten\0 aus der Hecke."] * 5


def made(folder: Path, labels: int = 1) -> Path:
    subprocess.run([sys.executable, "-m", tiny_cross_encoder.__name__, str(folder), str(labels)], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("models") / "tiny-judge")


@pytest.fixture(scope="module")
def judging(folder: Path) -> Iterator[Server]:
    with serving(VOLIERE_RERANK_MODEL=str(folder)) as server:
        yield server


def asked(server: Server, **more: Any) -> httpx2.Response:
    body = {"model": "tiny-judge", "query": QUERY, "documents": TEXTS, **more}
    return server.http.post("/v1/rerank", json=body)


def test_it_is_listed_as_what_it_is(judging: Server) -> None:
    about = judging.sdk.models.retrieve("tiny-judge").to_dict()["voliere"]
    assert (about["kind"], about["licence"], about["context_length"]) == ("rerank", "cc0-1.0", 64)  # type: ignore[index]


def test_scores_are_those_of_the_model_itself(judging: Server, folder: Path) -> None:
    from sentence_transformers import CrossEncoder

    expected = CrossEncoder(str(folder)).predict([(QUERY, text) for text in TEXTS], batch_size=1)
    results = asked(judging).json()["results"]
    scores = [result["relevance_score"] for result in results]
    assert scores == sorted(scores, reverse=True) and scores[0] - scores[-1] > 0.01
    assert {result["index"]: result["relevance_score"] for result in results} == pytest.approx(
        dict(enumerate(expected)), abs=1e-5
    )


def test_what_the_model_reads_is_counted(judging: Server) -> None:
    both = asked(judging, documents=["finches", "rain " * 200], top_n=1).json()
    alone = asked(judging, documents=["finches"]).json()
    assert len(both["results"]) == 1
    assert both["usage"]["total_tokens"] - alone["usage"]["total_tokens"] == 64


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"model": "librarian"}, 400, "model"),
        ({"model": "nobody"}, 404, "model"),
        ({"query": " "}, 400, "query"),
        ({"documents": []}, 400, "documents"),
        ({"documents": ["x"] * 1001}, 400, "documents"),
        ({"documents": [{"text": "x"}]}, 400, "documents"),
        ({"top_n": 0}, 400, "top_n"),
    ],
)
def test_what_it_cannot_do_is_named(judging: Server, changes: dict[str, Any], status: int, param: str) -> None:
    answer = asked(judging, **changes)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_a_reranker_neither_chats_nor_embeds(judging: Server) -> None:
    answers = [
        judging.http.post("/v1/embeddings", json={"model": "tiny-judge", "input": "x"}),
        judging.http.post(
            "/v1/chat/completions", json={"model": "tiny-judge", "messages": [{"role": "user", "content": "x"}]}
        ),
    ]
    assert [(answer.status_code, answer.json()["error"]["param"]) for answer in answers] == [(400, "model")] * 2


def test_a_model_without_scores_of_its_own_is_refused(tmp_path: Path) -> None:
    for folder in (bundled_folder(), made(tmp_path / "three", labels=3)):
        with pytest.raises(ModelUnusable, match="no cross-encoder"):
            Reranker(str(folder))


async def test_who_leaves_stops_the_next_slice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, slices = Reranker(str(folder)), []

    def slow(pairs: list[tuple[str, str]]) -> list[float]:
        slices.append(pairs)
        time.sleep(0.05)
        return [0.0] * len(pairs)

    monkeypatch.setattr(model, "_predict", slow)
    work = asyncio.create_task(model.scores(QUERY, TEXTS * 20, [1] * len(TEXTS) * 20))
    await asyncio.sleep(0.12)
    work.cancel()
    computed = len(slices)
    await asyncio.sleep(0.2)
    assert computed > 0 and len(slices) == computed < len(TEXTS) * 20 / SLICE


async def test_the_gateway_finds_it_and_ranks_by_it(transactional_db: None, judging: Server, alice: User) -> None:
    upstream = await Upstream.objects.acreate(name="ours", base_url=f"{judging.url}/v1", api_key=KEY)
    await in_database(upstreams.discover, upstream)
    assert (await Deployment.objects.aget(kind="rerank")).name == "tiny-judge"
    ranking = await reranking.rerank(Caller(alice), QUERY, TEXTS, purpose=Purpose.RETRIEVAL)
    assert sorted(index for index, _ in ranking) == list(range(len(TEXTS)))
    usage = await Usage.objects.aget()
    assert usage.input_tokens > 0 and not usage.estimated
