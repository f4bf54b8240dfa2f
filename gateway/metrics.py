"""What a process counts of the calls that it carries, for Prometheus. By public model name and purpose, never by
person or key.

Calls, tokens and costs are not counted here: config/metrics.py reads them from the books, which are exact, know of
every process, web or worker, and outlive them all. The books keep no distributions and no refusals; those are here.
Several web processes behind one port share them through files (PROMETHEUS_MULTIPROC_DIR).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.exceptions import BooksUnavailable, GatewayError, LineFull, QuotaExceeded, RateLimited
from gateway.metering import Consumption

if TYPE_CHECKING:
    from gateway.calls import Running

REFUSALS = ((RateLimited, "rate"), (QuotaExceeded, "quota"), (LineFull, "line"), (BooksUnavailable, "books"))
LABELS = ("model", "purpose")
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)

registry = CollectorRegistry()
_duration = Histogram(
    "voliere_call_duration_seconds", "From the reservation to the end.", (*LABELS, "status"), buckets=SECONDS,
    registry=registry,
)  # fmt: skip
_first_token = Histogram(
    "voliere_call_first_token_seconds", "To the first piece of a stream.", LABELS, buckets=SECONDS, registry=registry
)
_in_line = Histogram(
    "voliere_call_wait_seconds", "In line for a free slot.", LABELS, buckets=(0, *SECONDS), registry=registry
)
_errors = Counter("voliere_call_errors", "Calls that ended in an error.", (*LABELS, "code"), registry=registry)
_refusals = Counter("voliere_call_refusals", "Calls that were not let in.", (*LABELS, "kind"), registry=registry)
upstream_failures = Counter(
    "voliere_upstream_failures", "Calls that an upstream did not answer.", ("upstream", "code"), registry=registry
)
quota_warnings = Counter(
    "voliere_quota_warnings", "Quotas that reached their warning mark.", ("unit", "period"), registry=registry
)
streams = Gauge("voliere_streams", "Streams under way.", registry=registry, multiprocess_mode="livesum")
_answers = Counter("voliere_api_answers", "Answers of /v1.", ("path", "status"), registry=registry)


def ended(call: "Running", consumed: Consumption) -> None:
    model, purpose = call.deployment.name, str(call.wanted.purpose)
    if call.is_booked:
        took, waited, first = _timers(model, purpose, str(consumed.status))
        took(consumed.duration_ms / 1000)
        waited((call.queued_ms if call.is_admitted else consumed.duration_ms) / 1000)
        if call.is_streamed and consumed.first_token_ms is not None:
            first(consumed.first_token_ms / 1000)
    if call.error:
        _errors.labels(model, purpose, call.error.code).inc()
        if kind := _refusal(call.error):
            _refusals.labels(model, purpose, kind).inc()


def answered(path: str, status: int) -> None:
    _answers.labels(path, status).inc()


@lru_cache(maxsize=1000)
def _timers(model: str, purpose: str, status: str) -> tuple[Callable[[float], None], ...]:
    """Finding them costs more than what they do."""
    labels = (model, purpose)
    return (
        _duration.labels(*labels, status).observe,
        _in_line.labels(*labels).observe,
        _first_token.labels(*labels).observe,
    )


def _refusal(error: GatewayError) -> str | None:
    return next((kind for family, kind in REFUSALS if isinstance(error, family)), None)
