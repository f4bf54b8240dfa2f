import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.running import preparation
from config.running.exceptions import StartError


class Command(BaseCommand):
    help = "Brings the database up to date and readies this instance; safe to run several times, also at once."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the result for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            prepared = preparation.prepare()
        except StartError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(prepared)))
            return
        if prepared.setup_link:
            self.stdout.write(f"Set up the first administrator here: {prepared.setup_link}")
        for line in prepared.servers:
            self.stdout.write(line)
