"""`python -m rag.parsers MEDIA_TYPE FILE RESULT LANGUAGES`: limits first, then the file of a stranger."""

import importlib
import json
import sys
from pathlib import Path

from rag.parsers.confinement import confine
from rag.parsers.parsed import Parsed, ParsingFailed
from rag.parsers.reading import read


def parse(media_type: str, path: Path, languages: list[str]) -> Parsed:
    parsed = read(media_type, path)
    if not parsed.text.strip() and not parsed.scans:
        raise ParsingFailed("no_text")
    detected = importlib.import_module("rag.parsers.language").detected
    parsed.language = detected(parsed.text, languages)
    return parsed


def main(media_type: str, path: str, result: str, languages: str) -> None:
    confine()
    try:
        outcome = parse(media_type, Path(path), languages.split(",")).to_dict()
    except ParsingFailed as error:
        outcome = {"code": error.code}
    except (MemoryError, RecursionError):
        outcome = {"code": "takes_too_long"}
    Path(result).write_text(json.dumps(outcome, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
