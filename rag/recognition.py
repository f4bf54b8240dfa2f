"""Text recognition by tesseract, where it is installed: a disposable process for each page."""

import logging
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag import disposable
from rag.disposable import Tell
from rag.parsers.recognised import stem

logger = logging.getLogger(__name__)

LANGUAGES = ("deu", "eng")
PAGE_TIME = 60.0  # seconds; a page of text takes about three
DOCUMENT_TIME = 1800.0
MOST_FAILURES = 5  # in a row


@dataclass(frozen=True)
class Recogniser:
    program: str
    languages: str

    async def recognise(self, source: Path, media_type: str, pages: Sequence[int], tell: Tell | None = None) -> int:
        """How many of the pages were recognised; what was read of them lies beside the source."""
        end = time.monotonic() + DOCUMENT_TIME
        done = failures = 0
        for page in pages:
            left = end - time.monotonic()
            if left <= 0 or failures == MOST_FAILURES:
                logger.warning("text recognition of a document was given up before page %d", page)
                break
            if tell:
                await tell(done + failures, len(pages))
            arguments = (media_type, str(source), str(page), self.program, self.languages)
            seconds = min(PAGE_TIME, left)
            status = await disposable.run("rag.parsers.recognition", *arguments, folder=source.parent, seconds=seconds)
            target = stem(source.parent, page)
            target.with_suffix(".png").unlink(missing_ok=True)
            if status == 0:
                done, failures = done + 1, 0
            else:
                failures += 1
                target.with_suffix(".txt").unlink(missing_ok=True)
        return done


def recogniser() -> Recogniser | None:
    """Asked each time, so that what an administrator installs is used without a restart."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        logger.exception("tesseract is there but does not run")
        return None
    languages = [language for language in LANGUAGES if language in listed.stdout.split()]
    return Recogniser(program, "+".join(languages)) if languages else None
