from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from gateway.models import ApiKey


class Command(BaseCommand):
    help = "Create an API key for a person. The key stands alone on the last line and is never shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="API key")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is nobody with the address {options['email']}.")
        if not user.is_active:
            raise CommandError(f"The account {user.email} is not active.")
        key, secret = ApiKey.create(user, options["name"][:100])
        self.stdout.write(f"Key “{key.name}” for {user.email}:")
        self.stdout.write(secret)
