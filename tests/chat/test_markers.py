import re

import pytest

from chat.rendering import StreamingRenderer, cited, render

LINKS = {number: (f"/sources/a/{number}/", "Handbuch.pdf") for number in range(1, 6)}


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).strip()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[1]", "[1]"), ("[1, 2]", "[1][2]"), ("[1][2]", "[1][2]"), ("[1-3]", "[1][2][3]"), ("[2–3]", "[2][3]"),
        ("【1】", "[1]"), ("【1†L3】", "[1]"), ("【1:0†source】", "[1]"), ("[Source 1]", "[1]"), ("[Quelle 1]", "[1]"),
        ("(Source 1)", "[1]"), ("(Quellen 1 und 2)", "[1][2]"), ("[Quelle 1; Quelle 2]", "[1][2]"), ("[^1]", "[1]"),
        (".^1", ".[1]"), ("**[1]**", "[1]"), ("**(Source 2)**", "[2]"), ("[1, p. 3]", "[1]"), ("[2, S. 7–8]", "[2]"),
        ("[1, 9]", "[1]"), ("[3, 3]", "[3]"),
    ],
)  # fmt: skip
def test_whatever_form_a_model_writes_a_marker_in_it_is_ours(written: str, meant: str) -> None:
    assert text_of(render(f"So ist es {written}", LINKS)) == f"So ist es {meant}"


@pytest.mark.parametrize("text", ["m^2", "10^1", "[siehe oben]", "(Quelle: Archiv)", "[2024]", "a[b]", "(1)", "^9"])
def test_what_only_looks_like_a_marker_stays(text: str) -> None:
    assert text_of(render(f"So ist {text} es.", LINKS)) == f"So ist {text} es."


@pytest.mark.parametrize("text", ["`x [1] y`", "```\nx [1] y\n```", "    x [1] y"])
def test_in_code_nothing_is_a_marker(text: str) -> None:
    assert 'class="citation"' not in render(text, LINKS)
    assert cited(text, LINKS) == set()


def test_a_marker_that_names_nothing_goes_with_the_space_before_it() -> None:
    assert text_of(render("Erfunden [7]. (Quelle 9)", LINKS)) == "Erfunden."


def test_an_answer_cites_what_its_markers_name() -> None:
    assert cited("Eins [1, 2], `[3]`, **[4]**, [9].", LINKS) == {1, 2, 4}


@pytest.mark.parametrize("marker", ["[1, 2]", "【1†L3】", "(Quelle 1)", "**[1]**", "[Source 2]", "[^1]"])
def test_a_marker_that_arrives_in_pieces_is_seen_whole_or_not_at_all(marker: str) -> None:
    renderer = StreamingRenderer(LINKS)
    seen = [text_of(renderer.feed(character)[1]) for character in f"Dreißig Tage {marker} im Jahr."]
    assert {re.sub(r"\[\d\]", "", text).replace("  ", " ").strip() for text in seen} <= {
        "Dreißig Tage im Jahr."[:end].strip() for end in range(30)
    }


def test_an_answer_that_ends_in_half_a_marker_shows_it_in_the_end() -> None:
    assert text_of(render("Dreißig [1", LINKS)) == "Dreißig [1"
