"""Forms with files. They are read while they arrive, by Django's parser in a thread; a file goes to the disk."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from gateway.api.http import Request
from gateway.exceptions import InvalidRequest

# of their own: a file may take ten minutes to arrive, and nothing else is to wait behind it
THREADS = ThreadPoolExecutor(32, "form")


class Form(NamedTuple):
    fields: dict[str, Any]  # those whose names end in [] are lists
    files: "MultiValueDict[str, TemporaryUploadedFile]"

    def close(self) -> None:
        """The files are gone afterwards."""
        for _name, files in self.files.lists():
            for file in files:
                file.close()


async def form_of(request: Request) -> Form:
    """Raises InvalidRequest."""
    loop = asyncio.get_running_loop()
    arriving = _Arriving(request.pieces, loop)
    try:
        return await loop.run_in_executor(THREADS, _parsed, request.headers.get("content-type", ""), arriving)
    except (MultiPartParserError, SuspiciousOperation):
        raise InvalidRequest(_("The request has to be a form with a file (multipart/form-data).")) from None
    except asyncio.CancelledError:
        arriving.give_up()
        raise


def _parsed(content_type: str, arriving: "_Arriving") -> Form:
    # the length only tells the parser that there is something to read
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": "1"}
    parser = MultiPartParser(meta, arriving, [TemporaryFileUploadHandler()], "utf-8")  # type: ignore[arg-type]  # reads only
    fields, files = parser.parse()
    named = {name: values if name.endswith("[]") else values[-1] for name, values in fields.lists()}
    return Form(named, files)


class _Arriving:
    """The pieces of the event loop as a file for the thread."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], loop: asyncio.AbstractEventLoop) -> None:
        self.pieces, self.loop = pieces, loop
        self.next: Future[bytes] | None = None
        self.is_given_up = False

    def read(self, size: int = -1) -> bytes:
        """At most what a message of the server holds, whatever the size."""
        self.next = asyncio.run_coroutine_threadsafe(self._next(), self.loop)
        if self.is_given_up:
            self.next.cancel()
        return self.next.result()

    def give_up(self) -> None:
        """Nobody waits for the form any more: its thread is free."""
        self.is_given_up = True
        if self.next:
            self.next.cancel()

    async def _next(self) -> bytes:
        return await anext(self.pieces, b"")
