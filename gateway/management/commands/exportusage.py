import argparse
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone

from accounts import council
from accounts.models import Team
from gateway import spreadsheets
from gateway.models import Usage, UsageTotal


class Command(BaseCommand):
    help = (
        "Write the ledger as CSV, one row for each call, or its sums by hour or day. Days are those of the time zone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        today = timezone.localdate()
        text = "the first day, as in 2026-11-01; default: of this month"
        parser.add_argument("--from", dest="first", type=date.fromisoformat, default=today.replace(day=1), help=text)
        parser.add_argument("--to", type=date.fromisoformat, default=today, help="the last day; default: today")
        parser.add_argument("--by", choices=["call", *UsageTotal.Span.values], default="call")
        parser.add_argument("--team", help="only of those who are members of it today")
        parser.add_argument("--output", type=Path, metavar="FILE", help="readable by its owner alone; default: stdout")
        parser.add_argument(
            "--excel", action=argparse.BooleanOptionalAction, help="as Excel opens it by a double click"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if council.is_on():
            council.note_look(None, [], "exportusage")
            raise CommandError("This house is in works-council mode: no export says who used how much.")
        is_rows = options["by"] == "call"
        table = spreadsheets.CALLS if is_rows else spreadsheets.SUMS
        rows: QuerySet[Any] = Usage.objects.all() if is_rows else UsageTotal.objects.filter(span=options["by"])
        if options["team"]:
            rows = rows.filter(user__in=members_of(options["team"]))
        begin, end = midnight(options["first"]), midnight(options["to"] + timedelta(days=1))
        rows = rows.filter(**{f"{table.moment}__gte": begin, f"{table.moment}__lt": end})
        flavour = spreadsheets.flavour_for_excel() if options["excel"] else spreadsheets.PLAIN
        blocks = spreadsheets.blocks(rows, table, flavour)
        if options["output"] is None:
            for block in blocks:
                self.stdout.write(block, ending="")
            return
        path: Path = options["output"]
        try:
            path.touch(mode=0o600)
            if path.is_file():  # neither a pipe nor a device
                path.chmod(0o600)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}") from error
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(blocks)


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day))


def members_of(name: str) -> QuerySet[Any]:
    team = Team.objects.filter(name__iexact=name).first()
    if team is None:
        raise CommandError(f"There is no team “{name}”.")
    return team.members.all()
