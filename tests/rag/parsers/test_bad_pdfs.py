"""PDFs that mean harm."""

import zlib

import pytest

from rag.formats import JPEG, PDF, PNG
from tests.rag.files import GARDEN, pdf
from tests.rag.parsers.reading import parsed, reason
from tests.rag.scans import pdf_of, picture, stream, vast_pdf, vast_png


def pages_of_one(count: int, content: bytes, attributes: bytes = b"") -> bytes:
    """As many pages as wished, all of them the same object."""
    kids = b" ".join([b"3 0 R"] * count)
    font = b"<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources%s>>" % font,
            stream(attributes, content),
        ]
    )


def test_a_hundred_thousand_pages_are_too_many() -> None:
    assert reason(pages_of_one(100_000, b"BT /F 12 Tf (x) Tj ET"), PDF) == "too_many_pages"


def test_a_page_that_unpacks_to_gigabytes_ends_its_reader_alone() -> None:
    packed = zlib.compress(b"BT /F 12 Tf (x) Tj ET\n" * 20_000_000, 9)
    twice = zlib.compress(packed, 9)
    content = pages_of_one(1, twice, b"/Filter[/FlateDecode/FlateDecode]")
    assert len(content) < 100_000
    assert reason(content, PDF) in ("takes_too_long", "too_much_text", "damaged")


@pytest.mark.parametrize(("content", "media_type"), [(vast_png(40_000), PNG), (vast_pdf(40_000), PDF)])
def test_a_picture_of_a_billion_pixels_is_not_unpacked(content: bytes, media_type: str) -> None:
    assert reason(content, media_type) in ("too_many_pixels", "not_recognised", "recognition_missing")


@pytest.mark.parametrize("kind", [PNG, JPEG])
def test_bytes_that_are_no_picture_are_damaged(kind: str) -> None:
    assert reason(b"\x89PNG\r\n\x1a\n" + b"x" * 50, kind) == "damaged"


def test_a_page_that_refers_to_itself_ends() -> None:
    loop = pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>"])
    assert reason(loop, PDF) in ("damaged", "no_text")


def test_a_text_beside_a_small_picture_is_no_scan() -> None:
    assert parsed(pdf([GARDEN]), PDF).scans == []


def test_a_picture_cut_short_is_not_taken_for_text() -> None:
    assert reason(picture(GARDEN)[:3000], PNG) in ("not_recognised", "recognition_missing", "damaged")
