"""A process that reads a stranger's file and is thrown away: no secrets, an end by force, nothing it says is shown."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path

from django.conf import settings
from django.core.files import File

OUT_OF_BOUNDS = {-signal.SIGXCPU, -signal.SIGXFSZ, -signal.SIGKILL}
ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",  # text recognition with more threads than that takes longer
}


async def run(module: str, *arguments: str, folder: Path, seconds: float) -> int:
    """The exit status of `python -m module`; what takes longer is killed."""
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
        return await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        return -signal.SIGKILL
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def copy(file: "File[bytes]", target: Path) -> None:
    """Through the storage, which may be far away."""
    with file.open("rb") as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream)
