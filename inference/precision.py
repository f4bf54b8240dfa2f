"""Half the precision where the processor computes faster with it: the large products of matrices in bfloat16, all else,
and what goes on from one step to the next, in full. Of a small model they are nearly all the time.

Processors with instructions for it need less than half of the time, others many times as long, so it is tried out.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

ATTEMPTS = 3
WORTH = 0.8  # of the time
ALIKE = 0.9995  # cosine; with all-MiniLM-L6-v2 0.9999 and more
TRIED = [
    "Wer hat den Schlüssel zum Gartenhaus?",
    "The key of the garden house hangs in the office; whoever needs it at weekends fetches it on Friday before four.",
]

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
log = logging.getLogger(__name__)


class HalfLinear(nn.Module):
    def __init__(self, whole: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = _rounded(whole.weight), _rounded(whole.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(features.to(torch.bfloat16), self.weight, self.bias).to(features.dtype)


def _rounded(values: torch.Tensor | None) -> Any:
    """A layer may do without a bias."""
    return None if values is None else nn.Parameter(values.detach().to(torch.bfloat16), requires_grad=False)


def halve(model: nn.Module) -> Callable[[], None]:
    """Its linear layers from now on in bfloat16; what it returns puts the former ones back."""
    places = [
        (layer, name, part)
        for layer in model.modules()
        for name, part in layer.named_children()
        if type(part) is nn.Linear
    ]

    def put_back() -> None:
        for layer, name, part in places:
            setattr(layer, name, part)

    for layer, name, part in places:
        setattr(layer, name, HalfLinear(part))
    return put_back


def quicken(model: Any, encode: Encode, clock: Callable[[], float] = time.thread_time) -> None:
    """Halve the precision of the model where it then says the same in clearly less time."""
    put_back: Callable[[], None] | None = None
    try:
        vectors, whole = _timed(encode, clock)
        put_back = halve(model)
        others, half = _timed(encode, clock)
        # a cosine that is no number is not enough, either
        if half <= WORTH * whole and ((vectors * others).sum(axis=1) >= ALIKE).all():
            return
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        log.info("The embedding model stays in full precision: %s", error)
    if put_back:
        put_back()


def _timed(encode: Encode, clock: Callable[[], float]) -> tuple[Vectors, float]:
    """The best of some attempts, after one that warms up."""
    vectors, times = encode(TRIED), []
    for _ in range(ATTEMPTS):
        began = clock()
        encode(TRIED)
        times.append(clock() - began)
    return vectors, min(times)
