"""What a long ledger costs: with a million calls in it against an empty one, and against ten thousand.

Books a call, opens the list of usage in the panel, and exports everything, on a database of this run's own. What is
told is above all the ratio, which hardly depends on the machine.

    python -m bench.ledger            about two minutes; writes bench/results/ledger.md
"""

import argparse
import itertools
import os
import platform
import resource
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.running import sharing

RESULT = Path(__file__).resolve().parent / "results" / "ledger.md"
FEW, MANY = 10_000, 1_000_000
# over the last 28 days, all within what the list shows unasked: the worst case
FILL = """
    INSERT INTO gateway_usage (id, user_id, deployment_id, model, purpose, status, input_tokens, output_tokens,
        cached_tokens, estimated, cost, energy, started_at, queued_ms, first_token_ms, duration_ms)
    SELECT gen_random_uuid(), (%(people)s::uuid[])[1 + n %% 50], %(deployment)s, 'wren',
        (ARRAY['chat', 'api', 'ingestion'])[1 + n %% 3], 'done', n %% 4000, n %% 700, 0, n %% 20 = 0, n %% 900,
        n %% 5000, clock_timestamp() - (n * 28.0 / %(count)s) * interval '1 day', n %% 300, 80, 900 + n %% 9000
    FROM generate_series(1, %(count)s) n"""


def milliseconds(act: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


class Bench:
    def __init__(self) -> None:
        from django.test import Client

        from accounts.models import User
        from gateway.models import Deployment, Upstream

        self.people = [User.objects.create_user(f"person{n}@example.org").pk for n in range(50)]
        upstream = Upstream.objects.create(name="nest", base_url="http://127.0.0.1:9/v1", watts=300)
        self.deployment = Deployment.objects.create(upstream=upstream, name="wren", model="wren", slots=None)
        self.panel = Client()
        admin = User.objects.create_superuser("root@example.org")
        self.panel.force_login(admin, backend="allauth.account.auth_backends.AuthenticationBackend")

    def fill(self, count: int) -> float:
        from django.db import connection

        began = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE gateway_usage")
            values = {"people": self.people, "deployment": self.deployment.pk, "count": count}
            cursor.execute(FILL, values)
            cursor.execute("VACUUM ANALYZE gateway_usage")
        return time.perf_counter() - began

    def book(self) -> None:
        from gateway import ledger

        call = {"id": str(uuid.uuid4()), "user": str(self.people[0]), "key": None, "purpose": "api", "rank": 0}
        candidates = [{"id": self.deployment.pk, "rank": 0, "weight": 1}]
        more = {"weight": 1, "input_tokens": 9, "candidates": candidates, "holds": []}
        amounts = {"input_tokens": 9, "output_tokens": 9, "cached_tokens": 0, "requests": 1, "cost": 3, "watts": 300}
        times = {"first_token_ms": 5, "duration_ms": 90, "estimated": False, "status": "done", "model": "wren"}
        ledger.book_now([{"op": "reserve", **call, **more}])
        ledger.book_now([{"op": "settle", "id": call["id"], **amounts, **times}])

    def page(self, query: str = "") -> None:
        assert self.panel.get(f"/admin/gateway/usage/{query}").status_code == 200

    def sums(self) -> None:
        from gateway import reports
        from gateway.models import Usage

        reports.sums(Usage.objects.all())

    def checks(self) -> None:
        from django.utils import timezone

        from gateway import reports

        reports.disagreements(timezone.now() - timedelta(days=2))

    def measured(self, count: int) -> dict[str, float]:
        self.fill(count)
        self.page()  # the first page of all compiles templates
        return {
            "book a call (reserve and settle)": milliseconds(self.book, 300),
            "list of usage, first page with sums": milliseconds(self.page, 7),
            "the same, its hundredth page": milliseconds(lambda: self.page("?p=100" if count else ""), 7),
            "the same, one person of fifty": milliseconds(lambda: self.page(f"?user__id__exact={self.people[3]}"), 7),
            "sums over all rows alone": milliseconds(self.sums, 5),
            "compare two days' sums with their rows": milliseconds(self.checks, 3),
        }


def exported() -> tuple[int, float, float]:
    """Megabytes, seconds, and by how many MiB the process grew at its peak."""
    from gateway import spreadsheets
    from gateway.models import Usage

    list(itertools.islice(spreadsheets.blocks(Usage.objects.all(), spreadsheets.CALLS), 3))  # to warm up
    before, began, size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter(), 0
    for block in spreadsheets.blocks(Usage.objects.all(), spreadsheets.CALLS):
        size += len(block)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return size // 1_000_000, time.perf_counter() - began, grown


def report(results: dict[int, dict[str, float]], export: tuple[int, float, float], load: float) -> str:
    machine = f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}, load {load:.1f}"
    lines = [
        "# A long ledger", "", f"{machine} at the beginning. `python -m bench.ledger`; medians in milliseconds.", "",
        f"| | empty | {FEW:,} calls | {MANY:,} calls | {MANY:,} : {FEW:,} |", "| --- | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for name in results[MANY]:
        empty, few, many = (results[count][name] for count in (0, FEW, MANY))
        lines.append(f"| {name} | {empty:.1f} | {few:.1f} | {many:.1f} | {many / few:.1f} |")
    booked = "book a call (reserve and settle)"
    ratio = results[MANY][booked] / results[0][booked]
    size, seconds, grown = export
    lines += [
        "",
        f"Booking a call with {MANY:,} in the ledger takes {ratio:.2f} times as long as with none.",
        f"Exporting all of them ({size} MB) took {seconds:.0f} s; the process grew by {grown:.0f} MiB at its peak.",
        "All calls lie within the last 28 days, which the list shows and sums unasked.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__).parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="voliere-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "static").mkdir()
        folder.chmod(0o755)  # as root PostgreSQL runs as nobody, who has to reach its files
        for service in ("DATABASE_URL", "REDIS_URL"):
            os.environ.pop(service, None)  # never those that hold somebody's data
        os.environ |= {"DATA_DIR": name, "SECRET_KEY": "only for the benchmark, " * 2, "ALLOWED_HOSTS": "testserver"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        with sharing.running(folder) as services:
            os.environ.update(services)
            text = measure(load)
    RESULT.write_text(text)
    print(text)


def measure(load: float) -> str:
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    plain: dict[str, Any] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}  # nothing is collected here
    call_command("migrate", verbosity=0)
    from gateway import partitions

    partitions.prepare()
    bench = Bench()
    results = {count: bench.measured(count) for count in (0, FEW, MANY)}
    text = report(results, exported(), load)
    connections.close_all()
    return text


if __name__ == "__main__":
    main()
