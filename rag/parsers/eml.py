"""Mails: who wrote what to whom, the text, and each attachment that we can read as a section of its own."""

import email.policy
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path, PurePath

from rag.formats import type_by_name
from rag.parsers import html
from rag.parsers.composing import Block, composed, paged
from rag.parsers.parsed import Parsed, ParsingFailed
from rag.parsers.reading import read as read_file
from rag.parsers.text import decoded

MAX_BYTES = 64 * 1024 * 1024  # of a mail and all that is in it
DEEPEST = 3  # mails within one another
MOST_ATTACHMENTS = 50
FIELDS = ("From", "To", "Cc", "Date", "Subject")

Section = tuple[str, Parsed]


def read(path: Path) -> Parsed:
    if path.stat().st_size > MAX_BYTES:
        raise ParsingFailed("too_much_text")
    try:
        with path.open("rb") as file:
            message = BytesParser(policy=email.policy.default).parse(file)
        sections = list(_sections(message, 0))
    except RecursionError:
        raise ParsingFailed("nested_too_deeply") from None
    return paged((section for _, section in sections), "section", [label for label, _ in sections])


def _sections(message: EmailMessage, depth: int) -> Iterator[Section]:
    if depth > DEEPEST:
        raise ParsingFailed("nested_too_deeply")
    attachments = [part for part in _leaves(message) if _is_attachment(part)][: MOST_ATTACHMENTS + 1]
    if len(attachments) > MOST_ATTACHMENTS:
        raise ParsingFailed("too_many_attachments")
    subject = _field(message, "Subject")
    yield subject, paged([composed(_head(message, attachments)), _body(message)], "")
    for part in attachments:
        if part.get_content_type() == "message/rfc822":
            yield from _sections(part.get_content(), depth + 1)
        else:
            yield from _attached(part)


def _head(message: EmailMessage, attachments: list[MIMEPart]) -> Iterator[Block]:
    if subject := _field(message, "Subject"):
        yield Block(subject, "heading")
    lines = [f"{name}: {_field(message, name)}" for name in FIELDS if _field(message, name)]
    names = ", ".join(filter(None, map(_name, attachments)))
    yield Block("\n".join([*lines, f"Attachments: {names}"] if names else lines))


def _field(message: EmailMessage, name: str) -> str:
    """A header of a stranger may break the standard in any way."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        return ""


def _leaves(message: MIMEPart) -> Iterator[MIMEPart]:
    """All parts but containers; what is inside of an attached mail belongs to that."""
    if message.get_content_maintype() != "multipart":
        yield message
        return
    for part in message.iter_parts():
        yield from _leaves(part)


def _is_attachment(part: MIMEPart) -> bool:
    if part.get_content_type() == "message/rfc822":
        return True
    return part.is_attachment() or part.get_content_type() not in ("text/plain", "text/html")


def _body(message: EmailMessage) -> Parsed:
    texts = [part for part in _leaves(message) if not _is_attachment(part)]
    plain = [part for part in texts if part.get_content_type() == "text/plain"]
    if plain:
        return composed(Block(_decoded(part)) for part in plain)
    return paged((html.parsed(_decoded(part)) for part in texts), "")


def _decoded(part: MIMEPart) -> str:
    data = _payload(part)
    charset = part.get_content_charset() or "utf-8"
    try:
        return data.decode(charset)
    except (LookupError, UnicodeDecodeError):
        return decoded(data) if data else ""


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _attached(part: MIMEPart) -> Iterator[Section]:
    """Nothing for what we cannot read; its name stands in the head of the mail."""
    media_type = type_by_name(_name(part))
    if media_type is None or media_type == "message/rfc822":
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "attachment")
        path.write_bytes(_payload(part))
        try:
            found = read_file(media_type, path)
        except ParsingFailed as error:
            if error.code == "too_much_text":
                raise
            return
    if found.text:
        yield _name(part), found


def _name(part: MIMEPart) -> str:
    try:
        return PurePath(" ".join((part.get_filename() or "").replace("\\", "/").split())).name
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        return ""
