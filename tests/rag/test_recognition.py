import shutil
from pathlib import Path

import pytest

from accounts.models import User
from rag import recognition
from rag.formats import JPEG, PDF, PNG
from rag.models import Collection, Document
from rag.uploads import accept
from tests.fake_upstream import FakeUpstream
from tests.rag.files import GARDEN, uploaded
from tests.rag.parsers.reading import pages, parsed, reason
from tests.rag.scans import picture, scanned_pdf
from tests.rag.test_ingestion import ingested

with_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed here")


@pytest.fixture
def no_tesseract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")


@with_tesseract
@pytest.mark.parametrize(("kind", "media_type"), [("PNG", PNG), ("JPEG", JPEG)])
def test_a_photographed_page_is_read_in_german(kind: str, media_type: str) -> None:
    found = parsed(picture(GARDEN, kind), media_type)
    assert found.text.replace("\n", " ") == GARDEN


@with_tesseract
def test_the_pages_of_a_pdf_that_are_scans_are_read() -> None:
    found = parsed(scanned_pdf([GARDEN, picture("Die Rosen blühen im Juni."), GARDEN]), PDF)
    assert pages(found) == [GARDEN, "Die Rosen blühen im Juni.", GARDEN]
    assert found.scans == []


@with_tesseract
def test_a_page_that_takes_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "PAGE_TIME", 0.01)
    found = parsed(scanned_pdf([GARDEN, picture(GARDEN)]), PDF)
    assert (found.text.strip(), found.scans, found.scans_because) == (GARDEN, [2], "not_recognised")


@with_tesseract
def test_a_document_that_takes_too_long_keeps_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "DOCUMENT_TIME", 0.0)
    assert reason(picture(GARDEN), PNG) == "not_recognised"


@with_tesseract
def test_a_picture_without_words_is_no_failure(no_words: bytes = picture("")) -> None:
    found = parsed(scanned_pdf([GARDEN, no_words]), PDF)
    assert (found.text.strip(), found.scans) == (GARDEN, [])


def test_without_tesseract_a_scan_says_so(no_tesseract: None) -> None:
    assert reason(picture(GARDEN), PNG) == "recognition_missing"
    assert reason(scanned_pdf([picture(GARDEN)]), PDF) == "recognition_missing"


def test_without_tesseract_the_readable_pages_are_kept_and_the_others_named(
    no_tesseract: None, embedder: FakeUpstream, collection: Collection, alice: User
) -> None:
    content = scanned_pdf([GARDEN, *[picture(GARDEN)] * 2, GARDEN])
    document = ingested(accept(alice, collection, uploaded(content, "partly.pdf")))
    assert (document.status, document.content.text.count(GARDEN)) == (Document.Status.READY, 2)
    assert document.remark == (
        "Pages 2–3 were left out. Text recognition, which scans need, is not installed on the server."
    )


def test_a_tesseract_that_does_not_run_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "tesseract"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert recognition.recogniser() is None
