import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sentences import MAX_SENTENCE, split


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Es regnet. Wir bleiben.", ["Es regnet.", "Wir bleiben."]),
        ("Obst, z. B. Birnen, ist da. Greift zu!", ["Obst, z. B. Birnen, ist da.", "Greift zu!"]),
        ("Frau Dr. Meier kommt am 3. Mai. Sie bleibt.", ["Frau Dr. Meier kommt am 3. Mai.", "Sie bleibt."]),
        (
            "Ab dem 2. Quartal gilt Abs. 4. Alles andere nicht.",
            ["Ab dem 2. Quartal gilt Abs. 4.", "Alles andere nicht."],
        ),
        ("Der Beitrag beträgt 30. Das ist viel.", ["Der Beitrag beträgt 30.", "Das ist viel."]),
        ("Use tools, e.g. Hammers. Mr. Bell knows.", ["Use tools, e.g. Hammers.", "Mr. Bell knows."]),
        ("Call J. R. Hill at 5 p.m. on Friday. Why? Ask!", ["Call J. R. Hill at 5 p.m. on Friday.", "Why?", "Ask!"]),
        ("It cost 3.50 euros. No. 5 was free.", ["It cost 3.50 euros.", "No. 5 was free."]),
        ("# Heading\n- one thing\n- another thing", ["Heading", "one thing", "another thing"]),
        ("A line that the page was too narrow for is\njoined again. Next.", None),
        ("Kurz\nDarunter steht ein ganzer Satz.", ["Kurz", "Darunter steht ein ganzer Satz."]),
        ("", []),
    ],
)
def test_a_text_falls_into_its_sentences(text: str, sentences: list[str] | None) -> None:
    joined = ["A line that the page was too narrow for is joined again.", "Next."]
    assert split(text) == (joined if sentences is None else sentences)


@given(st.text(alphabet="aB.1 \n!-„“ä", max_size=300))
def test_every_sentence_is_a_stretch_of_the_text(text: str) -> None:
    flat = " ".join(text.split())
    assert all(sentence in flat for sentence in split(text))


def test_what_never_ends_is_cut_between_words() -> None:
    pieces = split("word " * 500)
    assert all(len(piece) <= MAX_SENTENCE and set(piece.split()) == {"word"} for piece in pieces)
    assert sum(len(piece.split()) for piece in pieces) == 500
