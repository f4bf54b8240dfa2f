from collections.abc import Sequence
from itertools import chain, repeat

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import nn

from inference.embedding import EmbeddingModel, Vectors, bundled_folder
from inference.precision import ATTEMPTS, quicken

FINE = 2**-10  # lost in bfloat16 beside 1


class Scales:
    """Weighs a text's letters against its number of words."""

    def __init__(self, *weights: float) -> None:
        self.layer = nn.Linear(2, 2)
        self.layer.requires_grad_(False)
        self.layer.weight[:] = torch.tensor([weights, weights[::-1]])
        self.layer.bias.zero_()
        self.model = nn.Sequential(self.layer)

    @property
    def is_halved(self) -> bool:
        return self.layer.weight.dtype == torch.bfloat16

    def encode(self, texts: Sequence[str]) -> Vectors:
        found = self.model(torch.ones(len(texts), 2)).numpy()
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    def quicken(self, whole: float, half: float) -> bool:
        """With the seconds that each takes."""
        seconds = chain(repeat(whole, ATTEMPTS), repeat(half, ATTEMPTS))
        ticks = chain.from_iterable((0.0, each) for each in seconds)
        quicken(self.model, self.encode, lambda: next(ticks))
        return self.is_halved


@pytest.mark.parametrize(("half", "is_halved"), [(0.5, True), (0.9, False), (30.0, False)])
def test_precision_is_halved_where_that_saves_time(half: float, is_halved: bool) -> None:
    assert Scales(3, 1).quicken(whole=1.0, half=half) is is_halved


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_model_that_would_say_something_else_stays_whole() -> None:
    scales = Scales(1 + FINE, -1)
    assert not scales.quicken(whole=1.0, half=0.1) and np.isfinite(scales.encode(["a"])).all()


def test_a_model_that_cannot_be_halved_stays_whole() -> None:
    scales = Scales(3, 1)

    def encode(texts: Sequence[str]) -> Vectors:
        if scales.is_halved:
            raise RuntimeError("no such product")
        return scales.encode(texts)

    quicken(scales.model, encode)
    assert not scales.is_halved and scales.encode(["a"]).dtype == np.float32


def test_a_text_has_the_vector_of_the_plain_model_whatever_the_processor() -> None:
    texts = ["Wann wird der Garten gegossen?", "The annual report is due. " * 30]
    plain = SentenceTransformer(str(bundled_folder()), local_files_only=True).encode(texts, normalize_embeddings=True)
    model = EmbeddingModel()
    assert np.sum(plain * model.embed(texts), axis=1) == pytest.approx([1, 1], abs=5e-4)
    assert float(plain[0] @ model.embed(texts[:1])[0]) == pytest.approx(1, abs=5e-4)
