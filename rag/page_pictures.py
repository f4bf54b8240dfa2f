"""Pages of a PDF as pictures, drawn by a disposable process and kept for an hour.

The picture and the letters of a page belong to one version of a document, so what is kept never grows stale; rights
are the business of whoever asks.
"""

import asyncio
import json
import logging
import tempfile
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.cache import cache

from rag import disposable
from rag.editions import Edition
from rag.exceptions import PageNotDrawn
from rag.marking import PageLetters

logger = logging.getLogger(__name__)

WIDTHS = (900, 1800)  # pixels
KEPT = 3600  # seconds
WALL_TIME = 20.0  # seconds
AT_ONCE = 2  # a process each; who comes later waits
PATIENCE = 15.0  # seconds in line

Drawn = tuple[bytes, PageLetters]

_drawing = 0


async def picture(edition: Edition, page: int, width: int) -> bytes:
    """Raises PageNotDrawn."""
    kept: bytes | None = await sync_to_async(cache.get)(_key(edition, page, f"picture:{width}"))
    return kept or (await _drawn(edition, page, width))[0]


async def page_letters(edition: Edition, page: int) -> PageLetters:
    """Raises PageNotDrawn."""
    kept: PageLetters | None = await sync_to_async(cache.get)(_key(edition, page, "letters"))
    return kept or (await _drawn(edition, page, WIDTHS[0]))[1]


async def _drawn(edition: Edition, page: int, width: int) -> Drawn:
    global _drawing
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while _drawing >= AT_ONCE:
        if asyncio.get_running_loop().time() > deadline:
            raise PageNotDrawn
        await asyncio.sleep(0.05)
    _drawing += 1
    try:
        image, letters = await _draw(edition, page, width)
    finally:
        _drawing -= 1
    await sync_to_async(cache.set)(_key(edition, page, f"picture:{width}"), image, KEPT)
    await sync_to_async(cache.set)(_key(edition, page, "letters"), letters, KEPT)
    return image, letters


async def _draw(edition: Edition, page: int, width: int) -> Drawn:
    with tempfile.TemporaryDirectory(prefix="voliere-draw-") as folder:
        source = Path(folder, "source")
        try:
            await asyncio.to_thread(disposable.copy, edition.file, source)
        except OSError as error:
            logger.warning("the file of document %s is away: %s", edition.document.pk, type(error).__name__)
            raise PageNotDrawn from error
        arguments = (str(source), str(page), str(width), folder)
        status = await disposable.run("rag.parsers.drawing", *arguments, folder=Path(folder), seconds=WALL_TIME)
        if status != 0:
            logger.warning("page %d of document %s was not drawn: status %d", page, edition.document.pk, status)
            raise PageNotDrawn
        return await asyncio.to_thread(_read, Path(folder))


def _read(folder: Path) -> Drawn:
    found = json.loads(folder.joinpath("letters.json").read_text("utf-8"))
    return folder.joinpath("picture.webp").read_bytes(), PageLetters(**found)


def _key(edition: Edition, page: int, what: str) -> str:
    return f"page:{edition.document.pk}:{edition.version}:{page}:{what}"
