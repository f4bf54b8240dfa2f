"""Zip archives that documents come in, looked at before anything is unpacked."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from xml.parsers import expat

from rag.parsers.parsed import MAX_UNPACKED, ParsingFailed

MAX_MEMBERS = 10_000
MAX_TREE = 64 * 1024 * 1024  # bytes of XML that are held as a tree, which takes about ten times as much
PROLOG = 64 * 1024  # bytes in which an XML document has to begin
LOCAL_HEADER = 30  # bytes
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
XML = (".xml", ".rels", ".opf")


@contextmanager
def opened(path: Path, required: set[str], *, as_trees: bool = True) -> Iterator[zipfile.ZipFile]:
    """The archive, unless it is another format, a bomb or one whose XML defines entities."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise ParsingFailed("damaged") from None
    with archive:
        members = archive.infolist()
        if not required <= {member.filename for member in members}:
            raise ParsingFailed("other_format")
        if any(member.flag_bits & 1 for member in members):
            raise ParsingFailed("encrypted")
        _refuse_bombs(members, as_trees=as_trees)
        for member in members:
            if member.filename.lower().endswith(XML):
                _refuse_entities(archive, member)
        yield archive


def check(path: Path, required: set[str], *, as_trees: bool = True) -> None:
    """The same for a library that opens the file itself."""
    with opened(path, required, as_trees=as_trees):
        pass


def _refuse_bombs(members: list[zipfile.ZipInfo], *, as_trees: bool) -> None:
    """What is read of a member never exceeds the size it declares, so declared sizes can be trusted."""
    if any(member.compress_type not in METHODS for member in members):
        raise ParsingFailed("damaged")
    in_order = sorted(members, key=lambda member: member.header_offset)
    ends = (member.header_offset + LOCAL_HEADER + member.compress_size for member in in_order)
    overlap = any(end > following.header_offset for end, (_, following) in zip(ends, pairwise(in_order), strict=False))
    trees = [member.file_size for member in members if member.filename.lower().endswith(XML)] if as_trees else []
    if (
        overlap
        or len(members) > MAX_MEMBERS
        or sum(member.file_size for member in members) > MAX_UNPACKED
        or max(trees, default=0) > MAX_TREE
    ):
        raise ParsingFailed("unpacks_too_large")


def _refuse_entities(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """No office program writes a document type; who does wants to read files of the server or to fill its memory."""
    state = {"is_begun": False}

    def begin(*arguments: object) -> None:
        state["is_begun"] = True

    def refuse(*arguments: object) -> None:
        if not state["is_begun"]:
            raise ParsingFailed("unsafe")

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    with archive.open(member) as file:
        head = file.read(PROLOG)
    try:
        parser.Parse(head)
    except expat.ExpatError:
        if not state["is_begun"] and head.strip():
            raise ParsingFailed("damaged") from None
    if not state["is_begun"] and len(head) == PROLOG:
        raise ParsingFailed("damaged")
