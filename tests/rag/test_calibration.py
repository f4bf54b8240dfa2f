from collections.abc import Sequence

import pytest

from rag.calibration import Calibration, Embed, calibrate
from rag.samples import SAMPLES

ORDER = {text: place for pairs in SAMPLES.values() for place, pair in enumerate(pairs) for text in pair}
LENGTH = 32
GERMAN = {text for pair in SAMPLES["german"] for text in pair}


def knowing(text: str) -> list[float]:
    return [float(place == ORDER[text]) for place in range(LENGTH)]


def blind(text: str) -> list[float]:
    return [1.0, *[0.0] * (LENGTH - 1)]


def model(german: bool = True, english: bool = True) -> Embed:
    async def embed(texts: list[str]) -> Sequence[Sequence[float]]:
        return [knowing(text) if (german if text in GERMAN else english) else blind(text) for text in texts]

    return embed


async def test_a_model_that_is_always_right_has_half_a_say() -> None:
    found = await calibrate(model(), SAMPLES)
    assert found.weights == {"german": 0.5, "english": 0.5, "": 0.5}
    assert (found.unrelated, found.threshold) == (0, pytest.approx(0.425))


async def test_a_model_that_knows_one_language_has_a_say_in_that_one() -> None:
    found = await calibrate(model(german=False), SAMPLES)
    assert found.weights == {"german": 0.0, "english": 0.5, "": 0.0}


async def test_a_model_that_knows_nothing_has_none_and_refuses_nothing() -> None:
    found = await calibrate(model(german=False, english=False), SAMPLES)
    assert (set(found.weights.values()), found.threshold) == ({0.0}, 0.0)


async def test_what_all_texts_have_in_common_is_taken_off() -> None:
    async def narrow(texts: list[str]) -> Sequence[Sequence[float]]:
        return [[0.8**0.5, *(value * 0.2**0.5 for value in knowing(text))] for text in texts]

    found = await calibrate(narrow, SAMPLES)
    assert (found.unrelated, found.likeness(0.8), found.likeness(1)) == pytest.approx((0.8, 0, 1))
    assert found.threshold == pytest.approx(0.425)


def test_the_samples_of_each_language_ask_the_same_number_of_different_things() -> None:
    assert all(len(dict(pairs)) == len(pairs) >= 20 for pairs in SAMPLES.values())


def test_what_is_stored_is_plain() -> None:
    assert isinstance(Calibration().weights, dict) and Calibration().weights[""] <= 0.5
