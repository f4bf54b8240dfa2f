import io
import os
import zipfile
from pathlib import Path

import pytest
from fpdf import FPDF

from rag import disposable, parsing
from rag.formats import DOCX, MARKDOWN, PDF, TEXT
from rag.languages import CONFIGURATIONS
from rag.parsers.language import detected
from tests.rag.files import BUDGET, GARDEN, pdf, word
from tests.rag.parsers.reading import parsed, reason


def test_a_pdf_is_read_page_by_page() -> None:
    found = parsed(pdf([GARDEN, BUDGET]), PDF)
    assert found.text == f"{GARDEN}\n\n{BUDGET}"
    assert found.page_starts == [0, len(GARDEN) + 2]


def test_lines_of_a_paragraph_are_joined_and_divided_words_made_whole() -> None:
    lines = [
        "Die Mitgliederver-",
        "sammlung beschliesst die Vor- und",
        "Nachteile der Nord-",
        "Ost-Passage im Jahr 2024.",
    ]
    assert parsed(pdf(["\n".join(lines)]), PDF).text == (
        "Die Mitgliederversammlung beschliesst die Vor- und Nachteile der Nord-Ost-Passage im Jahr 2024."
    )


def test_a_hyphen_that_the_document_uses_elsewhere_stays() -> None:
    text = "A well-known garden is shown here today.\nEverybody in town calls it a well-\nknown one as well."
    assert "a well-known one" in parsed(pdf([text]), PDF).text


def spaced_pdf(text: str) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=12)
    document.add_page()
    document.multi_cell(0, 7, text)
    return bytes(document.output())


def test_paragraphs_with_room_between_them_stay_apart() -> None:
    title = "Handbuch der Stiftung Wiesengrund für alle, die dort arbeiten oder helfen"
    found = parsed(spaced_pdf(f"{title}\n\n{GARDEN * 3}\n\n{BUDGET}"), PDF)
    assert found.text.split("\n\n") == [title, GARDEN * 3, BUDGET]


def test_running_heads_go_and_figures_stay() -> None:
    sums = [417, 98, 5300, 12]
    body = "Der Monat war gut.\nDie Kasse stimmt.\nAlle Belege liegen vor.\nSumme: {} Euro"
    pages = [f"Kassenbuch\n{body.format(amount)}\nSeite {page} von 4" for page, amount in enumerate(sums, 1)]
    found = parsed(pdf(pages), PDF).text
    assert found.count("Kassenbuch") == 1 and "Seite" not in found
    assert all(f"Summe: {amount} Euro" in found for amount in sums)


def test_pages_of_few_lines_keep_them_all() -> None:
    assert parsed(pdf([GARDEN] * 5), PDF).text.count(GARDEN) == 5


def test_a_date_that_begins_a_line_is_no_item() -> None:
    assert "am 31. März" in parsed(pdf(["Die restlichen Tage verfallen am\n31. März des Jahres."]), PDF).text


def test_bookmarks_become_headings() -> None:
    found = parsed(pdf(["Budget\n" + BUDGET, GARDEN], outline=["Budget", "Garten"]), PDF)
    assert [(heading.title, found.text[heading.start :][:6]) for heading in found.headings] == [
        ("Budget", "Budget"),
        ("Garten", "Der Ga"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (pdf([GARDEN], password="secret"), "encrypted"),
        (pdf([""]), "no_text"),
        (pdf([GARDEN] * 3)[:900], "truncated"),
        (b"%PDF-1.7\nnothing follows\n%%EOF\n", "damaged"),
        (b"just words, no pages", "truncated"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why(content: bytes, code: str) -> None:
    assert reason(content, PDF) == code


def test_a_word_document_keeps_its_order() -> None:
    content = word(
        ("Heading 1", "Garten"),
        ("Normal", GARDEN),
        ("List Bullet", "Hacke"),
        table=[("Name", "Preis"), ("Rose", "3 €")],
    )
    found = parsed(content, DOCX)
    assert found.text == f"Garten\n\n{GARDEN}\n\n- Hacke\n\n| Name | Preis |\n| Rose | 3 € |"
    assert [(heading.start, heading.title) for heading in found.headings] == [(0, "Garten")]


def archive(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return target.getvalue()


def test_a_zip_that_is_no_word_document_is_refused() -> None:
    assert reason(archive(notes=b"hello"), DOCX) == "other_format"


def test_a_word_document_that_unpacks_to_gigabytes_is_not_opened() -> None:
    members = {"[Content_Types].xml": b"", "word/document.xml": b" " * (301 * 1024 * 1024)}
    assert reason(archive(**members), DOCX) == "unpacks_too_large"


def test_a_word_document_cut_short_is_damaged() -> None:
    assert reason(word(("Normal", GARDEN))[:2000], DOCX) == "damaged"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_text_is_read_in_the_encoding_it_was_saved_in(encoding: str) -> None:
    text = "Größe, Maß und Übung: Äpfel und Öl kosten 5 €.\nDas „heiße“ Café – naïve Fußgänger."
    assert parsed(text.encode(encoding), TEXT).text == text


@pytest.mark.parametrize("text", ["Größe 5", "Übung", "Straße", GARDEN, "Müller, Jürgen; Bäcker, Jörg"])
def test_short_latin_1_text_is_read_right(text: str) -> None:
    assert parsed(text.encode("latin-1"), TEXT).text == text


def test_zero_bytes_and_decomposed_letters_are_set_right() -> None:
    content = "Ein scho\u0308n\x00er Garten\r\nim Mai".encode()
    assert parsed(content, MARKDOWN).text == "Ein schöner Garten\nim Mai"


@pytest.mark.parametrize("content", [os.urandom(3000), b"\x00" * 3000, b"ab\x00\x01" * 100])
def test_bytes_that_are_no_text_are_refused(content: bytes) -> None:
    assert reason(b"\x00\x01" + content, TEXT) == "not_text"


def test_blank_text_is_no_text() -> None:
    assert reason(b" \n\t \n", TEXT) == "no_text"


def test_markdown_headings_are_found_outside_of_code() -> None:
    found = parsed(b"# One\n\n```\n# not one\n```\n\nTwo\n===\ntext\n\n### Three ###\n", MARKDOWN)
    assert [(heading.title, found.text[heading.start]) for heading in found.headings] == [
        ("One", "#"),
        ("Two", "T"),
        ("Three", "#"),
    ]


@pytest.mark.parametrize(
    ("text", "language"), [(GARDEN * 3, "de"), (BUDGET * 3, "en"), ("42 17 " * 50, ""), ("Hm.", "")]
)
def test_the_language_is_told_where_it_is_sure(text: str, language: str) -> None:
    assert detected(text, list(CONFIGURATIONS)) == language


def test_too_much_text_is_refused() -> None:
    assert reason(b"word " * 1_100_000, TEXT) == "too_much_text"


def test_a_parser_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "WALL_TIME", 0.01)
    assert reason(GARDEN.encode(), TEXT) == "takes_too_long"


def test_a_parser_knows_no_secret() -> None:
    assert not {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} & disposable.ENVIRONMENT.keys()


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    parsed(GARDEN.encode(), TEXT)
    assert not list(tmp_path.iterdir())
