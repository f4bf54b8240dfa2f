"""A delta is either told without parsing, and then exactly so, or parsed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deltas import Shape
from gateway.metering import Meter


def delta(text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "model": "inner",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    } | more


def raw(piece: dict[str, Any], separators: tuple[str, str] = (",", ":")) -> bytes:
    return json.dumps(piece, separators=separators, ensure_ascii=False).encode()


def public(piece: dict[str, Any]) -> bytes:
    return raw(piece | {"model": "parrot"})


@pytest.fixture
def shape() -> Shape:
    learned = Shape(Meter(0))
    learned.learn(raw(delta("Piep")), public(delta("Piep")), delta("Piep"))
    return learned


def test_another_text_is_told_under_the_public_name(shape: Shape) -> None:
    assert shape.told(raw(delta(" sagt"))) == public(delta(" sagt"))


@pytest.mark.parametrize(
    "other",
    [
        raw(delta("schön")),
        raw(delta('"')),
        raw(delta("a\nb")),
        raw(delta("a\\b")),
        raw(delta("")),
        raw(delta("far longer than any token is")),
        raw(delta("x", usage={"prompt_tokens": 1})),
        raw(delta("x") | {"choices": []}),
        b'{"error": {"message": "x"}}',
        b"{nonsense",
        b"",
    ],
)
def test_what_says_more_is_parsed(shape: Shape, other: bytes) -> None:
    assert shape.told(other) is None


@pytest.mark.parametrize(
    "piece",
    [
        delta("x") | {"choices": []},
        {"choices": [{"delta": {"content": "x", "tool_calls": [1]}}]},
        {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]},
        {"choices": [{"delta": {"content": "x"}}, {"delta": {"content": "y"}}]},
        {"choices": [{"delta": {"reasoning": "x"}}]},
    ],
)
def test_nothing_is_learned_of_what_is_no_plain_text(piece: dict[str, Any]) -> None:
    shape = Shape(Meter(0))
    shape.learn(raw(piece), raw(piece), piece)
    assert shape.told(raw(piece)) is None


@given(first=st.text(), second=st.text(), spaced=st.booleans())
def test_whatever_is_told_says_what_the_delta_said(first: str, second: str, spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    shape = Shape(Meter(0))
    try:
        given_first, given_second = raw(delta(first), separators), raw(delta(second), separators)
    except UnicodeEncodeError:
        return
    shape.learn(given_first, given_first.replace(b'"inner"', b'"parrot"', 1), delta(first))
    told = shape.told(given_second)
    assert told is None or json.loads(told) == delta(second) | {"model": "parrot"}
