"""Have a file read by a disposable process: little memory, little time, no secrets, nothing of its own words shown."""

import asyncio
import json
import logging
import tempfile
from pathlib import Path

from django.core.files import File

from rag import disposable
from rag.disposable import Tell
from rag.exceptions import DamagedFile, NotRecognised, RecognitionMissing, TakesTooLong, ingestion_error
from rag.parsers.parsed import Parsed
from rag.recognition import recogniser

logger = logging.getLogger(__name__)

WALL_TIME = 180.0  # seconds


async def parse(file: "File[bytes]", media_type: str, tell: Tell | None = None) -> Parsed:
    """Raises the IngestionError that the parser names, or that its end tells.

    A file with scans is read twice: the second time, what was recognised of them lies beside it. What `tell` raises
    ends the parser, too.
    """
    with tempfile.TemporaryDirectory(prefix="voliere-parse-") as folder:
        source = Path(folder, "source")
        await asyncio.to_thread(disposable.copy, file, source)
        parsed = await _read(source, media_type, tell)
        tool = await asyncio.to_thread(recogniser) if parsed.scans else None
        if tool is not None and await tool.recognise(source, media_type, parsed.scans, tell):
            parsed = await _read(source, media_type, tell)
    if parsed.scans:
        error = NotRecognised() if tool else RecognitionMissing()
        if not parsed.text.strip():
            raise error
        parsed.scans_because = error.code
    return parsed


async def _read(source: Path, media_type: str, tell: Tell | None) -> Parsed:
    result = source.with_name("result.json")
    arguments = (media_type, str(source), str(result))
    status = await disposable.run("rag.parsers", *arguments, folder=source.parent, seconds=WALL_TIME, tell=tell)
    if status in disposable.OUT_OF_BOUNDS:
        raise TakesTooLong
    if status != 0:
        logger.warning("the parser of %s ended with status %d", media_type, status)
        raise DamagedFile
    outcome = json.loads(await asyncio.to_thread(result.read_text, "utf-8"))
    if "code" in outcome:
        raise ingestion_error(outcome["code"])
    return Parsed.from_dict(outcome)
