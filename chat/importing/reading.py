"""The conversations in an uploaded file, one after the other, whichever of the known formats it is in.

    our own export (JSON)   ·   ChatGPT's conversations.json   ·   ChatGPT's whole export (ZIP)

The file is held in memory as text, each conversation as values only while it is taken over. Raises `ImportRefused`.
"""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from chat.exceptions import ImportRefused
from chat.exporting.own_format import FORMAT, VERSION
from chat.importing import chatgpt, own_format
from chat.importing.records import ImportedConversation

LARGEST = 100 * 1024 * 1024  # bytes, unpacked
MOST_MEMBERS = 50_000  # of an archive
WHOLE_EXPORT = re.compile(r"(^|/)conversations(-\d+)?\.json$")
SPACE = re.compile(r"[\s,]*")
Reader = Callable[[Any], ImportedConversation]


def conversations_in(file: "UploadedFile[bytes]") -> Iterator[tuple[Reader, Any]]:
    """Each with what understands it."""
    for text in _texts(file):
        yield from _elements(text)


def _texts(file: "UploadedFile[bytes]") -> Iterator[str]:
    if (file.size or 0) > LARGEST:
        raise ImportRefused(_("This file is too large: at most %(size)s MB.") % {"size": LARGEST // 2**20})
    file.seek(0)
    if file.read(4) == b"PK\x03\x04":
        yield from _unpacked(file)
        return
    file.seek(0)
    yield _decoded(file.read())


def _unpacked(file: "UploadedFile[bytes]") -> Iterator[str]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            wanted = [member for member in members if WHOLE_EXPORT.search(member.filename)]
            if not wanted or len(members) > MOST_MEMBERS:
                raise ImportRefused(_("This archive holds no conversations.json."))
            left = LARGEST
            for member in sorted(wanted, key=lambda each: each.filename):
                content = _read(archive, member, left)
                left -= len(content)
                yield _decoded(content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ImportRefused(_("This archive is damaged or protected by a password.")) from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """What really comes out counts: what an archive says of its size may be a lie."""
    content = io.BytesIO()
    with archive.open(member) as packed:
        while piece := packed.read(2**16):
            content.write(piece)
            if content.tell() > limit:
                raise ImportRefused(_("This file is too large: at most %(size)s MB.") % {"size": LARGEST // 2**20})
    return content.getvalue()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unknown() from None


def _elements(text: str) -> Iterator[tuple[Reader, Any]]:
    position = _skip(text, 0)
    reader: Reader = chatgpt.conversation_of
    if text[position : position + 1] == "{":
        reader = own_format.conversation_of
        position = _find_conversations(text, position + 1)
    elif text[position : position + 1] != "[":
        raise _unknown()
    position = _skip(text, position + 1)
    while text[position : position + 1] != "]":
        value, position = _value(text, position)
        yield reader, value
        position = _skip(text, position)


def _find_conversations(text: str, position: int) -> int:
    """Where the list of an export of ours begins: behind what the file says of itself."""
    head: dict[str, Any] = {}
    while True:
        name, position = _value(text, _skip(text, position))
        position = _skip(text, position)
        if not isinstance(name, str) or text[position : position + 1] != ":":
            raise _unknown()
        position = _skip(text, position + 1)
        if name == "conversations":
            break
        head[name], position = _value(text, position)
    if head.get("format") != FORMAT or text[position : position + 1] != "[":
        raise _unknown()
    if head.get("version") != VERSION:
        raise ImportRefused(_("This export comes from a newer Voliere, which this one cannot read."))
    return position


def _value(text: str, position: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder().raw_decode(text, position)
    except (ValueError, RecursionError):
        raise ImportRefused(_("This file breaks off or is damaged.")) from None


def _skip(text: str, position: int) -> int:
    found = SPACE.match(text, position)
    return found.end() if found else position


def _unknown() -> ImportRefused:
    return ImportRefused(_("This is neither an export of Voliere nor one of ChatGPT."))
