"""What docs/running.md says of the environment is all that is read, and true of the files."""

import os
import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

BY_FILE_TOO = re.compile(r'\b(?:env(?:\.\w+)?|text|number|service_url|_secret)\(\s*"([A-Z_]+)"')
PLAIN = re.compile(r'(?:environ\.get\(|environ\[|_number\()"([A-Z_]+)"(?!\] =)')
NOT_OURS = {"PATH"}


def read_by(pattern: re.Pattern[str]) -> set[str]:
    paths = [path for room in ("config", "inference") for path in (settings.BASE_DIR / room).rglob("*.py")]
    return {name for path in paths for name in pattern.findall(path.read_text())} - NOT_OURS


def documented() -> dict[str, bool]:
    """Each variable, and whether it bears the star of those that no file can hold."""
    rows = [line for line in (settings.BASE_DIR / "docs" / "running.md").read_text().split("\n") if line[:3] == "| `"]
    found = [name for row in rows for name in re.findall(r"`([A-Z_]+)`( \*)?", row.split("|")[1])]
    return {name: bool(star) for name, star in found}


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    assert set(documented()) == read_by(BY_FILE_TOO) | read_by(PLAIN)


def test_a_star_is_on_those_that_no_file_can_hold() -> None:
    starred = {name for name, has_star in documented().items() if has_star}
    assert starred == read_by(PLAIN) - read_by(BY_FILE_TOO)


def test_a_file_may_end_with_a_line_end(tmp_path: Path) -> None:
    (tmp_path / "language").write_text("de\n")
    show = "from config import settings; print(repr(settings.LANGUAGE_CODE))"
    environment = {**os.environ, "VOLIERE_LANGUAGE_FILE": str(tmp_path / "language")}
    said = subprocess.check_output([sys.executable, "-c", show], cwd=settings.BASE_DIR, env=environment, text=True)
    assert said == "'de'\n"
