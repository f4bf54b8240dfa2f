"""`python -m rag.parsers MEDIA_TYPE FILE RESULT`: limits first, then the file of a stranger."""

import json
import sys
from pathlib import Path

from rag.parsers.confinement import confine
from rag.parsers.parsed import Parsed, ParsingFailed
from rag.parsers.reading import read


def parse(media_type: str, path: Path) -> Parsed:
    parsed = read(media_type, path)
    if not parsed.text.strip() and not parsed.scans:
        raise ParsingFailed("no_text")
    return parsed


def main(media_type: str, path: str, result: str) -> None:
    confine()
    try:
        outcome = parse(media_type, Path(path)).to_dict()
    except ParsingFailed as error:
        outcome = {"code": error.code}
    except (MemoryError, RecursionError):
        outcome = {"code": "takes_too_long"}
    Path(result).write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
