from hypothesis import given
from hypothesis import strategies as st

from rag.blocks import Block, blocks
from rag.inline import Piece

LEAVE = """# Urlaub *2025*

Es gibt **dreißig** Tage
im [Jahr](https://example.org).

- Umzug: `ein` Tag
  - Heirat

| Grund | Tage |
|-------|-----:|
| Umzug | 1 |

> Wer krank ist, ruft an.

```
a = "**x**"
```
"""


def words(block: Block) -> str:
    return "|".join("".join(piece.text for piece in part) for line in block.lines for part in line.parts)


def pieces(found: list[Block]) -> list[Piece]:
    return [piece for block in found for line in block.lines for part in line.parts for piece in part]


def test_markdown_shows_its_structure_without_its_markup() -> None:
    assert [(block.kind, words(block)) for block in blocks(LEAVE, (0, len(LEAVE)), (0, 0), is_markdown=True)] == [
        ("heading", "Urlaub 2025"),
        ("paragraph", "Es gibt dreißig Tage\nim Jahr."),
        ("item", "Umzug: ein Tag|Heirat"),
        ("row", "Grund|Tage|Umzug|1"),
        ("quote", "Wer krank ist, ruft an."),
        ("code", 'a = "**x**"'),
    ]


def test_plain_text_shows_headings_lists_and_tables_by_their_look() -> None:
    text = "1. Arbeitszeit\n\nDie Woche hat 38 Stunden.\n\n- Kernzeit\n- Gleitzeit\n\nTag | Stunden\nMontag | 8"
    assert [block.kind for block in blocks(text, (0, len(text)), (0, 0))] == ["heading", "paragraph", "item", "row"]


def test_stars_in_plain_text_are_stars() -> None:
    [block] = blocks("2 **mal** 3.", (0, 12), (0, 0))
    assert words(block) == "2 **mal** 3."


@given(st.text(alphabet="ab*|#-> \n`", max_size=120), st.integers(0, 120), st.integers(0, 120), st.booleans())
def test_what_is_marked_is_of_the_passage_and_stands_where_it_says(text: str, start: int, end: int, read: bool) -> None:
    for piece in pieces(blocks(text, (0, len(text)), (start, end), is_markdown=read)):
        assert text[piece.start : piece.start + len(piece.text)] == piece.text
        assert piece.is_marked == (start <= piece.start < end)


@given(st.text(alphabet="ab\n|", max_size=120), st.integers(0, 120), st.integers(0, 120))
def test_every_letter_of_a_passage_is_marked(text: str, start: int, end: int) -> None:
    found = blocks(text, (0, len(text)), (start, end))
    marked = [
        piece.text
        for block in found
        for line in block.lines
        for part in line.parts
        for piece in part
        if piece.is_marked
    ]
    assert "".join("".join(marked).split()).replace("|", "") == "".join(text[start:end].split()).replace("|", "")
