"""Half the precision where the processor computes faster with it: the large products of matrices in bfloat16, all else,
and what goes on from one step to the next, in full. Of a small model they are nearly all the time.

Processors with instructions for it need less than half of the time, others many times as long, so it is tried out.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ATTEMPTS = 3
WORTH = 0.8  # of the time
ALIKE = 0.9995  # cosine; with all-MiniLM-L6-v2 0.9999 and more
TRIED = [
    "Wer hat den Schlüssel zum Gartenhaus?",
    "The key of the garden house hangs in the office; whoever needs it at weekends fetches it on Friday before four.",
]

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
PutBack = Callable[[], None]
log = logging.getLogger(__name__)


def halve(model: Any) -> PutBack:
    """Its linear layers of full precision multiply in bfloat16 from now on, and go on in full; until it is put back."""
    import torch

    layers = [part for part in model.modules() if type(part) is torch.nn.Linear and part.weight.dtype == torch.float32]
    put_back = [_halve(layer, torch) for layer in layers]

    def all_back() -> None:
        for layer_back in put_back:
            layer_back()

    return all_back


def _halve(layer: Any, torch: Any) -> PutBack:
    whole = {name: values.data for name, values in layer.named_parameters()}
    for values in layer.parameters():
        values.data = values.data.to(torch.bfloat16)
    hooks = [
        layer.register_forward_pre_hook(lambda _, given: tuple(each.to(torch.bfloat16) for each in given)),
        layer.register_forward_hook(lambda _, given, found: found.float()),
    ]

    def back() -> None:
        for name, values in layer.named_parameters():
            values.data = whole[name]
        for hook in hooks:
            hook.remove()

    return back


def quicken(model: Any, encode: Encode, clock: Callable[[], float] = time.thread_time) -> None:
    """Halve the precision of the model where it then says the same in clearly less time."""
    put_back: PutBack | None = None
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
