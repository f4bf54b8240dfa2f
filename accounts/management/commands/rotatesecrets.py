from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import rotation


class Command(BaseCommand):
    help = "Encrypt all secrets at rest anew, by the first of VOLIERE_ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        done = rotation.rotate()
        self.stdout.write(f"{done.rotated} secrets are encrypted by the first key.")
        if done.unreadable:
            raise CommandError("No key that is left fits these, enter them anew: " + ", ".join(done.unreadable))
