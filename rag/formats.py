"""Which files can be read, known by their name and by what they begin and end with. Pure."""

import re
from pathlib import PurePosixPath

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
ODP = "application/vnd.oasis.opendocument.presentation"
EPUB = "application/epub+zip"
EML = "message/rfc822"
HTML = "text/html"
CSV = "text/csv"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
PNG = "image/png"
JPEG = "image/jpeg"

TYPES = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".odt": ODT,
    ".ods": ODS,
    ".odp": ODP,
    ".epub": EPUB,
    ".eml": EML,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".csv": CSV,
    ".tsv": CSV,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
}
ACCEPT = ",".join(TYPES)  # for the file chooser

HEAD = 1024  # bytes; where a PDF may begin
TAIL = 1024 * 1024  # bytes; where a zip lists what is in it
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MEMBERS = {
    DOCX: b"word/document.xml",
    PPTX: b"ppt/presentation.xml",
    XLSX: b"xl/workbook.xml",
    ODT: b"content.xml",
    ODS: b"content.xml",
    ODP: b"content.xml",
    EPUB: b"META-INF/container.xml",
}
BEGINNINGS = {PNG: b"\x89PNG\r\n\x1a\n", JPEG: b"\xff\xd8\xff"}
BINARY_HEADS = (b"%PDF-", ZIP, b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x7fELF", OLE[:4], b"\x1f\x8b")
MAIL = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:>?From [^\n]*\n)?[!-9;-~]+[ \t]*:")


def type_by_name(name: str) -> str | None:
    return TYPES.get(PurePosixPath(name).suffix.lower())


def fits(media_type: str, head: bytes, tail: bytes) -> bool:
    """Whether a file looks like what its name says; its reader finds out for sure."""
    if media_type == PDF:
        return b"%PDF-" in head
    if media_type in MEMBERS:
        return head.startswith(ZIP) and MEMBERS[media_type] in tail
    if media_type in BEGINNINGS:
        return head.startswith(BEGINNINGS[media_type])
    return not head.startswith(BINARY_HEADS) and (media_type != EML or MAIL.match(head) is not None)


def is_old_or_locked(media_type: str, head: bytes) -> bool:
    """Office files with a password and those of before 2007 come in the same container."""
    return media_type in (DOCX, PPTX, XLSX) and head.startswith(OLE)
