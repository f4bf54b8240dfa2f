"""Sends the spans of gateway/tracing.py to a collector, if the environment names one and the extra is installed."""

import logging
import os

from opentelemetry import trace

logger = logging.getLogger(__name__)


def begin() -> None:
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    os.environ.setdefault("OTEL_SERVICE_NAME", "voliere")
    os.environ.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", "3")  # seconds; a collector that is away must not delay our end
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        logger.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no traces are sent: the packages for it are not installed "
            "(see docs/metrics.md)."
        )
        return
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
