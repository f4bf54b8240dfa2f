import numpy as np
import torch

from inference.tracing import Vector, traced


class Letters(torch.nn.Module):
    """Its vectors are the sum of the letters and their number."""

    def __init__(self, *, fixed: bool) -> None:
        super().__init__()
        self.fixed = fixed

    def preprocess(self, texts: list[str]) -> dict[str, torch.Tensor]:
        return {"input_ids": torch.tensor([[ord(letter) / 100 for letter in text] for text in texts])}

    def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        ids = features["input_ids"]
        number = torch.full((1,), float(len(ids[0]))) if self.fixed else torch.ones_like(ids).sum(1)
        return {"sentence_embedding": torch.stack([ids.sum(1), number], 1)}


def expected(text: str) -> Vector:
    vector = np.array([sum(map(ord, text)) / 100, len(text)], np.float32)
    return vector / np.linalg.norm(vector)


def test_a_recording_says_what_the_model_says() -> None:
    recording = traced(Letters(fixed=False), expected)
    assert recording and np.allclose(recording("Herons sleep."), expected("Herons sleep."), atol=1e-5)


def test_a_model_whose_steps_depend_on_the_length_is_not_recorded() -> None:
    assert traced(Letters(fixed=True), expected) is None


def test_a_model_that_cannot_be_recorded_does_without() -> None:
    assert traced(torch.nn.Module(), expected) is None
