from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from gateway.models import ApiKey, Deployment, Scope

LONGEST = 3653


class Command(BaseCommand):
    help = "Create an API key for a person. The key stands alone on the last line and is never shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="API key")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what it is allowed to do; may be repeated; without: everything but admin",
        )
        parser.add_argument(
            "--model",
            action="append",
            help="a public name that it may call; may be repeated; without: all of theirs",
        )
        parser.add_argument("--days", type=int, help="how long it is valid; without: until it is revoked")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise CommandError(f"There is nobody with the address {options['email']}.")
        if not user.is_active:
            raise CommandError(f"The account {user.email} is not active.")
        for name in options["model"] or []:
            if not Deployment.objects.filter(name=name).exists():
                raise CommandError(f"No model is offered as {name}.")
        key = ApiKey(user=user, name=options["name"][:100], model_names=options["model"])
        key.scopes = options["scope"] or key.scopes
        if options["days"] is not None:
            if not 1 <= options["days"] <= LONGEST:
                raise CommandError(f"A key is valid for 1 to {LONGEST} days.")
            key.expires_at = timezone.now() + timedelta(days=options["days"])
        secret = key.issue()
        self.stdout.write(f"Key “{key.name}” for {user.email}:")
        self.stdout.write(secret)
