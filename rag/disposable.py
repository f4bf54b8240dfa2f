"""A process that reads a stranger's file and is thrown away: no secrets, an end by force, nothing it says is shown."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from django.conf import settings
from django.core.files import File

from rag.parsers import progress

Tell = Callable[[int, int], Awaitable[None]]  # pages read, and of how many

LOOK_EVERY = 0.5  # seconds
OUT_OF_BOUNDS = {-signal.SIGXCPU, -signal.SIGXFSZ, -signal.SIGKILL}
ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",  # text recognition with more threads than that takes longer
}


async def run(module: str, *arguments: str, folder: Path, seconds: float, tell: Tell | None = None) -> int:
    """The exit status of `python -m module`; what takes longer is killed, and what `tell` raises ends it, too."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        cwd=settings.BASE_DIR,
        env=ENVIRONMENT | {"TMPDIR": str(folder)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            return await _ended(process, folder, tell)
    except TimeoutError:
        return -signal.SIGKILL
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _ended(process: asyncio.subprocess.Process, folder: Path, tell: Tell | None) -> int:
    ended, told = asyncio.ensure_future(process.wait()), (0, 0)
    while not (await asyncio.wait({ended}, timeout=LOOK_EVERY))[0]:
        pages = progress.read(folder)
        if tell and pages and pages != told:
            told = pages
            await tell(*pages)
    return ended.result()


def copy(file: "File[bytes]", target: Path) -> None:
    """Through the storage, which may be far away."""
    with file.open("rb") as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream)
