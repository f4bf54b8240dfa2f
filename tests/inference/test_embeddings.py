import base64

import numpy as np
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.inference.conftest import Server

MODEL = "all-MiniLM-L6-v2"


def vectors(sdk: OpenAI, texts: list[str]) -> np.ndarray:
    return np.array([item.embedding for item in sdk.embeddings.create(model=MODEL, input=texts).data])


def test_meaning_is_nearer_than_letters(sdk: OpenAI) -> None:
    cat, kitten, car = vectors(sdk, ["A cat sleeps on the sofa.", "The kitten naps on a couch.", "A car needs petrol."])
    assert cat @ kitten > 0.5 > cat @ car


def test_vectors_have_length_one_and_keep_their_order(sdk: OpenAI) -> None:
    texts = ["short", "a good deal longer than the other " * 9, "middling words here"] * 30
    together = vectors(sdk, texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(together[1], vectors(sdk, [texts[1]])[0], atol=2e-3)


def test_base64_holds_the_same_numbers_as_float(server: Server) -> None:
    def asked(encoding: str) -> object:
        body = {"model": MODEL, "input": "Vogel", "encoding_format": encoding}
        return server.http.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]

    assert np.allclose(np.frombuffer(base64.b64decode(str(asked("base64"))), "<f4"), asked("float"), atol=1e-6)


def test_usage_counts_what_the_model_reads(sdk: OpenAI) -> None:
    def tokens(text: str) -> int:
        return sdk.embeddings.create(model=MODEL, input=text).usage.prompt_tokens

    assert tokens("hello world") == 4  # and the two marks around it
    assert tokens("word " * 5000) == 256


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"input": []}, "not empty"),
        ({"input": ""}, "not empty"),
        ({"input": ["a", " "]}, "not empty"),
        ({"input": [[1, 2, 3]]}, "lists of tokens"),
        ({"input": [1, 2, 3]}, "lists of tokens"),
        ({"input": ["a"] * 2049}, "At most 2048"),
        ({"input": "a", "dimensions": 128}, "384"),
        ({"input": "a", "encoding_format": "int8"}, "float or base64"),
        ({"input": "a", "model": "librarian"}, "chat model"),
    ],
)
def test_what_cannot_be_embedded_is_refused_in_words(sdk: OpenAI, options: dict, words: str) -> None:
    with pytest.raises(BadRequestError, match=words):
        sdk.embeddings.create(**{"model": MODEL, **options})


def test_the_true_number_of_dimensions_may_be_asked_for(sdk: OpenAI) -> None:
    assert len(sdk.embeddings.create(model=MODEL, input="a", dimensions=384).data[0].embedding) == 384


def test_half_a_character_does_no_harm(server: Server) -> None:
    body = b'{"model": "all-MiniLM-L6-v2", "input": "broken \\ud83d pair"}'
    assert server.http.post("/v1/embeddings", content=body).status_code == 200


def test_an_unknown_model_is_not_found(sdk: OpenAI) -> None:
    with pytest.raises(NotFoundError) as refused:
        sdk.embeddings.create(model="nobody", input="a")
    assert refused.value.code == "model_not_found"


def test_models_describe_themselves(sdk: OpenAI) -> None:
    found = {model.id: model.to_dict()["voliere"] for model in sdk.models.list()}
    assert {name: about["kind"] for name, about in found.items()} == {"librarian": "chat", MODEL: "embedding"}
    assert (found[MODEL]["dimensions"], found[MODEL]["context_length"], found[MODEL]["licence"]) == (
        384,
        256,
        "Apache-2.0",
    )
    assert sdk.models.retrieve(MODEL).id == MODEL


def test_memory_stays_flat(server: Server, sdk: OpenAI) -> None:
    def work(rounds: int) -> int:
        for size in range(1, rounds):
            vectors(
                sdk,
                [f"sentence {size} of about a dozen words, no two of them alike " * (size % 5 + 1)] * (size % 9 + 1),
            )
        return server.memory()

    before = work(40)
    assert work(80) - before < 40 * 1024
