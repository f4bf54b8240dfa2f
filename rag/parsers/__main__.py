"""`python -m rag.parsers MEDIA_TYPE FILE RESULT`: limits first, then the file of a stranger."""

import importlib
import json
import resource
import sys
from pathlib import Path

from rag.parsers.parsed import Parsed, ParsingFailed

READERS = {
    "application/pdf": ("rag.parsers.pdf", "read"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("rag.parsers.docx", "read"),
    "text/markdown": ("rag.parsers.text", "read_markdown"),
    "text/plain": ("rag.parsers.text", "read"),
}
LIMITS = {
    resource.RLIMIT_AS: 1536 * 1024 * 1024,  # bytes
    resource.RLIMIT_CPU: 120,  # seconds
    resource.RLIMIT_FSIZE: 256 * 1024 * 1024,  # bytes
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}
FORBIDDEN = ("socket.connect", "socket.bind", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")


def limit() -> None:
    for kind, most in LIMITS.items():
        resource.setrlimit(kind, (most, most))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    """A document has no business on the network or with other programs."""
    if event.startswith(FORBIDDEN):
        raise PermissionError(event)


def parse(media_type: str, path: Path) -> Parsed:
    module, function = READERS[media_type]
    parsed: Parsed = getattr(importlib.import_module(module), function)(path)
    return parsed


def main(media_type: str, path: str, result: str) -> None:
    limit()
    try:
        outcome = parse(media_type, Path(path)).to_dict()
    except ParsingFailed as error:
        outcome = {"code": error.code}
    except (MemoryError, RecursionError):
        outcome = {"code": "takes_too_long"}
    Path(result).write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
