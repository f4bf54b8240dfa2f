"""The reader of each format, imported when it is needed."""

import importlib
from pathlib import Path

from rag.parsers.parsed import Parsed

OFFICE = "application/vnd.openxmlformats-officedocument"
ODF = "application/vnd.oasis.opendocument"
READERS = {
    "application/pdf": ("pdf", "read"),
    f"{OFFICE}.wordprocessingml.document": ("docx", "read"),
    f"{OFFICE}.presentationml.presentation": ("pptx", "read"),
    f"{OFFICE}.spreadsheetml.sheet": ("xlsx", "read"),
    f"{ODF}.text": ("odf", "read_text"),
    f"{ODF}.spreadsheet": ("ods", "read"),
    f"{ODF}.presentation": ("odf", "read_slides"),
    "application/epub+zip": ("epub", "read"),
    "message/rfc822": ("eml", "read"),
    "text/html": ("html", "read"),
    "text/csv": ("csv", "read"),
    "text/markdown": ("text", "read_markdown"),
    "text/plain": ("text", "read"),
    "image/png": ("image", "read"),
    "image/jpeg": ("image", "read"),
}


def read(media_type: str, path: Path) -> Parsed:
    module, function = READERS[media_type]
    parsed: Parsed = getattr(importlib.import_module(f"rag.parsers.{module}"), function)(path)
    return parsed
