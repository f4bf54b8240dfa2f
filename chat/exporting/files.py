"""The files a history leaves in. What writes a format is loaded when first asked for: some need big libraries."""

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import IO, cast

from accounts.models import User
from chat.exceptions import FormatUnavailable
from chat.exporting import own_format
from chat.exporting.content import Document, all_of, document_of, file_name
from chat.models import Conversation

PIECE = 64 * 1024  # bytes
KEPT_IN_MEMORY = 8 * 1024 * 1024  # bytes of an archive, before it moves to the disk


@dataclass(frozen=True)
class Format:
    label: str
    ending: str
    media_type: str
    writer: str  # a module with `content`


FORMATS = {
    "md": Format("Markdown", "md", "text/markdown; charset=utf-8", "chat.exporting.markdown"),
    "docx": Format(
        "Word (DOCX)",
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "chat.exporting.docx",
    ),
    "odt": Format("OpenDocument (ODT)", "odt", "application/vnd.oasis.opendocument.text", "chat.exporting.odt"),
    "pdf": Format("PDF", "pdf", "application/pdf", "chat.exporting.pdf"),
}
JSON = Format("JSON", "json", "application/json", "")
ALL_FORMATS = {**FORMATS, "json": JSON}


@dataclass(frozen=True)
class File:
    name: str
    media_type: str
    content: Iterator[bytes]


def one(conversation: Conversation, name: str) -> File:
    """Raises `FormatUnavailable`."""
    chosen = format_named(name)
    title = f"{file_name(str(conversation))}.{chosen.ending}"
    if chosen is JSON:
        return File(title, chosen.media_type, _encoded(own_format.pieces([conversation])))
    return File(title, chosen.media_type, iter([_write(chosen)(document_of(conversation))]))


def everything(user: User, name: str) -> File:
    """All one's conversations: JSON as one file, other formats as an archive. Raises `FormatUnavailable`."""
    chosen = format_named(name)
    conversations = all_of(Conversation.objects.visible_to(user).begun())
    if chosen is JSON:
        return File("Voliere.json", chosen.media_type, _encoded(own_format.pieces(conversations)))
    archive = tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY)  # noqa: SIM115  (closed when it was read)
    _fill(cast(IO[bytes], archive), chosen, conversations)
    return File(f"Voliere {chosen.ending}.zip", "application/zip", _read(cast(IO[bytes], archive)))


def format_named(name: str) -> Format:
    if name not in ALL_FORMATS:
        raise FormatUnavailable
    return ALL_FORMATS[name]


def _write(chosen: Format) -> Callable[[Document], bytes]:
    writer: Callable[[Document], bytes] = import_module(chosen.writer).content
    return writer


def _fill(archive: IO[bytes], chosen: Format, conversations: Iterator[Conversation]) -> None:
    write, taken = _write(chosen), set[str]()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for conversation in conversations:
            name = file_name(f"{conversation.created_at:%Y-%m-%d} {conversation}", taken)
            taken.add(name)
            packed.writestr(f"{name}.{chosen.ending}", write(document_of(conversation)))


def _read(archive: IO[bytes]) -> Iterator[bytes]:
    archive.seek(0)
    with archive:
        while piece := archive.read(PIECE):
            yield piece


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    return (piece.encode() for piece in pieces)
