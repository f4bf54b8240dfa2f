"""Become the program that a container is for: web, worker, beat, prepare, or any other command of manage.py."""

import os
import sys
import tempfile
from pathlib import Path

from config.running.datadir import data_dir
from config.running.exceptions import StartError
from config.running.programs import Address, command, shared_metrics

PROGRAMS = ("web", "worker", "beat")


def main(arguments: list[str]) -> None:
    folder = data_dir()
    if arguments[0] in PROGRAMS:
        (folder / "run").mkdir(parents=True, exist_ok=True)
        try:
            line = command(arguments[0], Address.from_environment(), folder)
            if arguments[0] == "web":
                os.environ |= shared_metrics(Path(tempfile.gettempdir(), "voliere-metrics"))
        except StartError as error:
            sys.exit(str(error))
    else:
        line = [sys.executable, "manage.py", *arguments]
    os.execv(line[0], line)  # noqa: S606  the program takes this one's place, so that it gets the signals


if __name__ == "__main__":
    main(sys.argv[1:] or ["web"])
