import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.running import diagnosis


class Command(BaseCommand):
    help = "Says what this instance has and what it lacks; ends with 1 when something is missing."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        is_well = True
        for finding in diagnosis.findings():
            is_well &= finding.is_well
            mark = self.style.SUCCESS("ok     ") if finding.is_well else self.style.ERROR("missing")
            self.stdout.write(f"{mark}  {finding.about + ':':<12} {finding.text}")
        sys.exit(not is_well)
