from typing import Any

from django.core.management.base import BaseCommand

from gateway import neighbours


class Command(BaseCommand):
    help = "Look for inference servers on this machine and print how to register them. Registers nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        found = neighbours.find()
        for neighbour in found:
            for line in neighbours.hint(neighbour):
                self.stdout.write(line)
        if not found:
            self.stdout.write("Found none that answers at its usual port and is not registered yet.")
