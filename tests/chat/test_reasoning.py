from typing import Any

import pytest

from chat.reasoning import Said, Splitter


def said(*deltas: dict[str, Any]) -> Said:
    splitter = Splitter()
    parts = [splitter.split(delta) for delta in deltas] + [splitter.end()]
    return Said("".join(part.thought for part in parts), "".join(part.text for part in parts))


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_what_is_told_apart_stays_apart(name: str) -> None:
    assert said({name: "Hm. "}, {name: "Neun."}, {"content": "Um neun."}) == ("Hm. Neun.", "Um neun.")


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_thoughts_in_tags_are_taken_out_however_they_are_cut(size: int) -> None:
    text = "\n<think>a < b </ c</think>Antwort <think>bleibt</think>"
    assert said(*({"content": text[at : at + size]} for at in range(0, len(text), size))) == (
        "a < b </ c",
        "Antwort <think>bleibt</think>",
    )


@pytest.mark.parametrize("text", ["<th", "  ", "<thinking> ist ein Wort", "So <think>"])
def test_what_only_looks_like_a_tag_is_text(text: str) -> None:
    assert said(*({"content": character} for character in text)) == ("", text)


def test_thoughts_without_an_end_are_thoughts() -> None:
    assert said({"content": "<think>und weiter </thi"}) == ("und weiter </thi", "")


@pytest.mark.parametrize("name", ["content", "reasoning"])
def test_an_emoji_in_two_halves_is_one_and_half_a_one_shows_as_such(name: str) -> None:
    halves = said(*({name: part} for part in ("Grüße ", "\ud83e", "\udd9c", "\x00!", " \udd9c", "\ud83e")))
    assert "".join(halves) == "Grüße 🦜! \ufffd"


def test_other_kinds_of_thoughts_are_left_out() -> None:
    assert said({"reasoning": {"tokens": 3}, "content": "Ja."}, {"content": None}) == ("", "Ja.")
