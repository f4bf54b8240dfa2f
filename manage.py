#!/usr/bin/env python
import contextlib
import os
import sys

from config.running import sharing, supervisor
from config.running.exceptions import StartError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:] == ["up"]:  # runs for months and needs no Django, which would only cost memory
        sys.exit(supervisor.main())
    with contextlib.ExitStack() as stack:
        try:
            sharing.provide(sys.argv[1:], stack)
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
        except StartError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
