"""A file read as the worker reads it: by a disposable process."""

import asyncio

import pytest
from django.core.files.base import ContentFile

from rag import parsing
from rag.exceptions import IngestionError
from rag.parsers.parsed import Parsed


def parsed(content: bytes, media_type: str) -> Parsed:
    return asyncio.run(parsing.parse(ContentFile(content, name="upload"), media_type))


def reason(content: bytes, media_type: str) -> str:
    with pytest.raises(IngestionError) as error:
        parsed(content, media_type)
    return error.value.code


def pages(found: Parsed) -> list[str]:
    ends = [*found.page_starts[1:], len(found.text)]
    return [found.text[start:end].strip() for start, end in zip(found.page_starts, ends, strict=True)]


def tables(found: Parsed) -> list[str]:
    return [found.text[start:end] for start, end in found.tables]
