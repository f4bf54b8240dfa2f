"""Have a file read by a disposable process: little memory, little time, no secrets, nothing of its own words shown."""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files import File

from rag.exceptions import DamagedFile, TakesTooLong, ingestion_error
from rag.parsers.parsed import Parsed

logger = logging.getLogger(__name__)

WALL_TIME = 180.0  # seconds
OUT_OF_BOUNDS = {-signal.SIGXCPU, -signal.SIGXFSZ, -signal.SIGKILL}
ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def parse(file: "File[bytes]", media_type: str) -> Parsed:
    """Raises the IngestionError that the parser names, or that its end tells."""
    with tempfile.TemporaryDirectory(prefix="voliere-parse-") as folder:
        source, result = Path(folder, "source"), Path(folder, "result.json")
        await asyncio.to_thread(_copy, file, source)
        status = await _run(media_type, source, result)
        if status in OUT_OF_BOUNDS:
            raise TakesTooLong
        if status != 0:
            logger.warning("the parser of %s ended with status %d", media_type, status)
            raise DamagedFile
        outcome = json.loads(await asyncio.to_thread(result.read_text, "utf-8"))
    if "code" in outcome:
        raise ingestion_error(outcome["code"])
    return Parsed.from_dict(outcome)


async def _run(media_type: str, source: Path, result: Path) -> int:
    command = [sys.executable, "-m", "rag.parsers", media_type, str(source), str(result)]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=settings.BASE_DIR,
        env=ENVIRONMENT | {"TMPDIR": str(source.parent)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return await asyncio.wait_for(process.wait(), WALL_TIME)
    except TimeoutError:
        return -signal.SIGKILL
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _copy(file: "File[bytes]", target: Path) -> None:
    """Through the storage, which may be far away."""
    with file.open("rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)
