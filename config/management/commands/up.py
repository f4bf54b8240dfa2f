import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.running import supervisor


class Command(BaseCommand):
    help = "Starts Voliere with everything it needs; Ctrl-C ends it all. See docs/running.md for its variables."

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(supervisor.main())
