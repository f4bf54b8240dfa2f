"""Zip archives that mean harm, or are none; the same for each format that comes in one."""

import io
import zipfile
from typing import Any

import pytest

from rag.formats import DOCX, EPUB, ODP, ODS, ODT, PPTX, XLSX
from tests.rag.files import GARDEN, word
from tests.rag.parsers.office import archive, open_sheets, open_text, replaced, slides, workbook
from tests.rag.parsers.reading import parsed, reason
from tests.rag.parsers.test_epub import book

FILES = {
    DOCX: (word(("Normal", GARDEN)), "word/document.xml"),
    PPTX: (slides(("Garten", GARDEN)), "ppt/slides/slide1.xml"),
    XLSX: (workbook(Eins=[[GARDEN]]), "xl/worksheets/sheet1.xml"),
    ODT: (open_text(("p", GARDEN)), "content.xml"),
    ODS: (open_sheets(Eins=[[GARDEN]]), "content.xml"),
    EPUB: (book(), "OEBPS/book.opf"),
}
EACH = pytest.mark.parametrize(("media_type", "content", "member"), [(key, *value) for key, value in FILES.items()])
XXE = b'<!DOCTYPE x [<!ENTITY garden SYSTEM "file:///etc/passwd">]>'
LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
)


def with_head(xml: bytes, doctype: bytes) -> bytes:
    """Where an XML declaration may stand first."""
    end = xml.find(b"?>") + 2 if xml.startswith(b"<?xml") else 0
    return xml[:end] + doctype + xml[end:].replace(GARDEN.encode(), b"&garden;").replace(b"Garten", b"&garden;")


@EACH
@pytest.mark.parametrize("doctype", [XXE, LAUGHS + b"]>"], ids=["external entity", "billion laughs"])
def test_entities_are_refused(media_type: str, content: bytes, member: str, doctype: bytes) -> None:
    assert reason(replaced(content, member, lambda xml: with_head(xml, doctype)), media_type) == "unsafe"


def test_an_entity_in_another_encoding_or_behind_a_long_comment_is_refused() -> None:
    content, member = FILES[ODT]
    in_utf_16 = replaced(content, member, lambda xml: (XXE.decode() + "<x/>").encode("utf-16"))
    behind = replaced(content, member, lambda xml: b"<!--" + b"x" * 200_000 + b"-->" + XXE + b"<x/>")
    assert (reason(in_utf_16, ODT), reason(behind, ODT)) == ("unsafe", "damaged")


@EACH
def test_a_file_cut_short_is_damaged(media_type: str, content: bytes, member: str) -> None:
    assert reason(content[: len(content) // 2], media_type) == "damaged"


@EACH
def test_a_file_whose_heart_is_broken_is_damaged(media_type: str, content: bytes, member: str) -> None:
    assert reason(replaced(content, member, lambda xml: xml[: len(xml) // 2]), media_type) == "damaged"


@pytest.mark.parametrize("media_type", [DOCX, ODS])  # held as a tree, and read as it comes
def test_a_file_that_unpacks_to_gigabytes_is_not_opened(media_type: str) -> None:
    content, member = FILES[media_type]
    assert reason(replaced(content, member, lambda xml: xml + b" " * (301 * 1024 * 1024)), media_type) == (
        "unpacks_too_large"
    )


def test_a_tree_that_would_take_all_memory_is_not_built() -> None:
    content, member = FILES[DOCX]
    assert reason(replaced(content, member, lambda xml: xml + b" " * (65 * 1024 * 1024)), DOCX) == "unpacks_too_large"


def test_too_many_members_are_refused() -> None:
    members: dict[str, bytes | str] = {f"word/{number}": b"" for number in range(10_001)}
    assert reason(archive({"[Content_Types].xml": b"", "word/document.xml": b"", **members}), DOCX) == (
        "unpacks_too_large"
    )


def test_members_that_share_their_bytes_are_refused() -> None:
    content = bytearray(FILES[DOCX][0])
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        first, second = sorted(file.infolist(), key=lambda member: member.header_offset)[:2]
    entry = content.rfind(second.filename.encode(), 0, len(content)) - 46
    content[entry + 42 : entry + 46] = first.header_offset.to_bytes(4, "little")
    assert reason(bytes(content), DOCX) == "unpacks_too_large"


def test_a_zip_within_is_not_unpacked() -> None:
    bomb = archive({"inner": b" " * 200_000_000})
    members: dict[str, bytes | str] = {f"{number}.zip": bomb for number in range(20)}
    with zipfile.ZipFile(io.BytesIO(FILES[DOCX][0])) as file:
        members |= {name: file.read(name) for name in file.namelist()}
    assert parsed(archive(members), DOCX).text == GARDEN


def test_another_compression_is_refused() -> None:
    members: Any = {"[Content_Types].xml": b"", "word/document.xml": b"x"}
    assert reason(archive(members, zipfile.ZIP_LZMA), DOCX) == "damaged"


@EACH
def test_an_archive_of_another_kind_is_refused(media_type: str, content: bytes, member: str) -> None:
    assert reason(archive({"notes.txt": b"hello"}), media_type) == "other_format"


def test_a_presentation_is_no_spreadsheet() -> None:
    assert reason(open_text(("p", GARDEN)), ODP) == "other_format"
