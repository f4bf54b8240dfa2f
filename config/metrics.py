"""`/metrics` for Prometheus: what this process counts (gateway/metrics.py) beside what the database says of all.

Calls, tokens and costs are read from the ledger's totals, so they are exact whichever process answers. They count from
the first of the month; Prometheus takes the fall to zero as the start of a new counter.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import BigIntegerField, Count, F, Func, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from chat.models import Message
from gateway import metrics
from gateway.models import Call, Deployment, Upstream, UsageTotal
from rag.models import Document

PATIENCE = "1s"  # with each question to the database
OF_A_PROXY = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip")
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
# what the totals hold: name, unit of ours, what it means
SUMS = (
    ("calls", 1, "Calls that ended"),
    ("failed", 1, "Calls that failed"),
    ("input_tokens", 1, "Tokens in"),
    ("output_tokens", 1, "Tokens out"),
    ("cost", 1_000_000, "Cost in the currency"),
    ("energy", 1_000, "Energy in watt hours"),
    ("queued_ms", 1_000, "Seconds in line"),
    ("duration_ms", 1_000, "Seconds in line and at work"),
)

logger = logging.getLogger(__name__)


def scrape(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN and not _is_from_here(request):
        return HttpResponse(status=404)
    given = request.headers.get("Authorization", "")
    if settings.METRICS_TOKEN and not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_everything()), content_type=content_type)


def _is_from_here(request: HttpRequest) -> bool:
    """And not by a proxy on this machine, which speaks for the whole world."""
    if any(name in request.headers for name in OF_A_PROXY):
        return False
    name = split_domain_port(request.get_host())[0].strip("[]")
    return all(_is_loopback(place) for place in (request.META["REMOTE_ADDR"], name))


def _is_loopback(place: str) -> bool:
    try:
        return ip_address(place).is_loopback
    except ValueError:
        return place == "localhost"


def _everything() -> CollectorRegistry:
    found = CollectorRegistry()
    found.register(Books())
    if folder := os.environ.get(SHARED):  # several processes, of which just one answers: none speaks of itself
        _forget_the_dead(Path(folder))
        MultiProcessCollector(found)  # type: ignore[no-untyped-call]
        return found
    for own in (metrics.registry, PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        found.register(own)
    return found


def _forget_the_dead(folder: Path) -> None:
    """The streams of a process that was killed are over."""
    for path in folder.glob("gauge_live*.db"):
        number = path.stem.rsplit("_", 1)[-1]
        if not Path("/proc", number).exists():
            mark_process_dead(int(number), str(folder))  # type: ignore[no-untyped-call]


class Books:
    def collect(self) -> Iterator[Metric]:
        families: list[Metric] = []
        up = GaugeMetricFamily("voliere_database_up", "Whether the database answered in time.")
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [PATIENCE])
                families = [*_deployments(), *_upstreams(), *_calls(), *_work(), *_ledger()]
        except DatabaseError as error:
            logger.warning("The metrics lack what the database knows: %s", type(error).__name__)
        up.add_metric([], bool(families))
        yield from [up, *families]


def _deployments() -> Iterable[Metric]:
    labels = ("model", "upstream", "served_as")
    running = GaugeMetricFamily("voliere_deployment_running", "Calls that it answers.", labels=labels)
    waiting = GaugeMetricFamily("voliere_deployment_waiting", "Calls in line that it may answer.", labels=labels)
    slots = GaugeMetricFamily("voliere_deployment_slots", "Calls that it may answer at once.", labels=labels)
    candidate = Func(F("candidates"), function="unnest", output_field=BigIntegerField(), set_returning=True)
    in_line = Counter(Call.objects.filter(**_waiting()).values_list(candidate, flat=True))
    names = ("pk", "slots", "occupancy__running", "name", "upstream__name", "model")
    active = Deployment.objects.filter(is_active=True, upstream__is_active=True)
    for pk, limit, busy, *name in active.values_list(*names).order_by("pk"):
        running.add_metric(name, busy or 0)
        waiting.add_metric(name, in_line[pk])
        slots.add_metric(name, float("inf") if limit is None else limit)
    return running, waiting, slots


def _upstreams() -> Iterable[Metric]:
    cooling = GaugeMetricFamily("voliere_upstream_cooling", "Whether it is not asked for now.", labels=["upstream"])
    failures = GaugeMetricFamily("voliere_upstream_failures_in_a_row", "Since its last answer.", labels=["upstream"])
    for upstream in Upstream.objects.filter(is_active=True).only("name", "cooling_until", "failures"):
        until = upstream.cooling_until
        cooling.add_metric([upstream.name], until is not None and until > timezone.now())
        failures.add_metric([upstream.name], upstream.failures)
    return cooling, failures


def _waiting() -> dict[str, object]:
    return {"admitted_at": None, "lease_until__gt": timezone.now()}


def _calls() -> Iterable[Metric]:
    calls = GaugeMetricFamily("voliere_calls_now", "Calls in line and under way.", labels=["state"])
    counted = Call.objects.aggregate(
        running=Count("pk", Q(admitted_at__isnull=False, lease_until__gt=timezone.now())),
        waiting=Count("pk", Q(**_waiting())),
        lost=Count("pk", Q(lease_until__lte=timezone.now())),
    )
    for state, number in counted.items():
        calls.add_metric([state], number)
    return [calls]


def _work() -> Iterable[Metric]:
    documents = GaugeMetricFamily("voliere_documents", "Documents.", labels=["status"])
    answers = GaugeMetricFamily("voliere_answers_now", "Answers under way in chats.", labels=["status"])
    _by_status(documents, Document.objects.all(), Document.Status)
    _by_status(answers, Message.objects.filter(status__in=Message.RUNNING), Message.RUNNING)
    return documents, answers


def _by_status(family: GaugeMetricFamily, rows: QuerySet[Document] | QuerySet[Message], known: Iterable[str]) -> None:
    counted = dict(rows.order_by().values_list("status").annotate(Count("pk")))
    for status in known:
        family.add_metric([str(status)], counted.get(str(status), 0))


def _ledger() -> Iterator[Metric]:
    """The days of this month, and today's alone."""
    today = timezone.localtime(timezone=ZoneInfo(settings.TIME_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = _totals(today)
    since = today.replace(day=1).timestamp()
    for name, unit, meaning in SUMS:
        plain = name.replace("_ms", "_seconds")
        month = CounterMetricFamily(f"voliere_{plain}", f"{meaning}, this month.", labels=metrics.LABELS)
        day = GaugeMetricFamily(f"voliere_{plain}_today", f"{meaning}, today.", labels=metrics.LABELS)
        for row in rows:
            labels = [str(row[label]) for label in metrics.LABELS]
            month.add_metric(labels, row[f"month_{name}"] / unit, created=since)
            day.add_metric(labels, (row[f"today_{name}"] or 0) / unit)
        yield from (month, day)


def _totals(today: datetime) -> list[dict[str, int]]:
    sums = {f"month_{name}": Sum(name) for name, *_ in SUMS}
    sums |= {f"today_{name}": Sum(name, filter=Q(start=today)) for name, *_ in SUMS}
    days = UsageTotal.objects.filter(span=UsageTotal.Span.DAY, start__gte=today.replace(day=1))
    return list(days.order_by().values(*metrics.LABELS).annotate(**sums))
