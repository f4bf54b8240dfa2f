"""A question is one short text, and of its few milliseconds almost half went into Python between the model's steps. So
the steps are recorded once and played back for a text by itself; what others share a batch with needs padding, which a
recording knows nothing of. A model that cannot be recorded, or whose recording says something else, does without."""

import logging
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

TENSORS = ("input_ids", "attention_mask", "token_type_ids")
RECORDED = "What was agreed on?"
# of other lengths: a step that was fixed to the length of the one above would show
CHECKED = ("Why?", "Who has the key of the garden house at weekends, and when may it be fetched?")
ALIKE = 1e-5

Vector = NDArray[np.float32]
log = logging.getLogger(__name__)


def traced(model: Any, expected: Callable[[str], Vector]) -> Callable[[str], Vector] | None:
    """`model` is a SentenceTransformer; `expected` is how it computes a text without this."""
    import torch

    def tensors(text: str) -> dict[str, torch.Tensor]:
        features = model.preprocess([text])
        return {name: features[name] for name in TENSORS if name in features}

    def whole(*values: torch.Tensor) -> torch.Tensor:
        found = model(dict(zip(names, values, strict=True)))["sentence_embedding"]
        return torch.nn.functional.normalize(found, dim=1)

    def vector(text: str) -> Vector:
        with torch.inference_mode():
            return np.asarray(recording(*tensors(text).values())[0].float().numpy(), dtype=np.float32)

    try:
        model.requires_grad_(False)  # what is recorded holds the model's numbers as they are
        names = list(tensors(RECORDED))
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            record: Any = torch.jit.trace  # untyped
            recording = record(whole, tuple(tensors(RECORDED).values()), check_trace=False)
        same = all(np.abs(vector(text) - expected(text)).max() < ALIKE for text in CHECKED)
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        log.info("The embedding model cannot be recorded: %s", error)
        return None
    return vector if same else None
