from argparse import BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit
from accounts.audit import Kind
from gateway import discovery, upstreams
from gateway.dialects import Model
from gateway.exceptions import UpstreamError
from gateway.models import Upstream


class Command(BaseCommand):
    help = "Register a server that speaks the OpenAI API, or change one, and offer its models."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("url", help="up to and with /v1, e.g. http://127.0.0.1:11434/v1")
        parser.add_argument("--api-key", help="default: the one known for this address, if any")
        parser.add_argument(
            "--in-house", action=BooleanOptionalAction, help="it stands in the house: what is confidential may go there"
        )
        parser.add_argument("--place", help="where it stands, in words; people read this")
        parser.add_argument(
            "--certificate", type=Path, help="file of the authority that vouches for it, if no public one"
        )
        parser.add_argument("--model", action="append", help="offer this model without asking the server; repeatable")

    def handle(self, *args: Any, **options: Any) -> None:
        upstream = Upstream.objects.filter(name=options["name"]).first() or Upstream(name=options["name"])
        if options["api_key"] is not None or upstream.base_url != options["url"]:
            upstream.api_key = options["api_key"] or ""  # a key never goes to another address by itself
        upstream.base_url = options["url"]
        for name in ("in_house", "place"):
            if options[name] is not None:
                setattr(upstream, name, options[name])
        try:
            if options["certificate"]:
                upstream.certificate = options["certificate"].read_text()
            upstream.clean_fields()
            named = filter(None, (Model.read({"id": model}) for model in options["model"] or []))
            models = list(named) or discovery.look(upstream).models
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['certificate']} cannot be read: {error}") from error
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        except UpstreamError as error:
            raise CommandError(f"{error} ({upstream.base_url})") from error
        is_new = upstream._state.adding
        upstream.save()
        audit.record(Kind.SETTING_ADDED if is_new else Kind.SETTING_CHANGED, upstream, detail="addupstream")
        added = upstreams.offer(upstream, models)
        self._report(upstream, {deployment.pk for deployment in added})

    def _report(self, upstream: Upstream, added: set[int]) -> None:
        deployments = list(upstream.deployments.all())
        where = "in the house" if upstream.in_house else "not marked as in the house (--in-house)"
        self.stdout.write(f"{upstream.name} at {upstream.base_url}, {where}: {len(deployments)} model(s)")
        for deployment in deployments:
            mark = "new" if deployment.pk in added else "known"
            default = ", default" if deployment.is_default else ""
            self.stdout.write(f"  {deployment.name} ({deployment.get_kind_display()}, {mark}{default})")
