"""What ties together all that is told of one request: its id in the log lines, the span of its call in a trace.

A span tells who answered, how long it took and how much it was, never a word of what was asked or answered. Unless
config/traces.py sends spans somewhere, all that happens here is that a caller's `traceparent` is passed on.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from accounts import origin

if TYPE_CHECKING:
    from gateway.calls import Running
    from gateway.metering import Consumption

# names of the OpenTelemetry conventions for generative AI, version 1.41, where they are still in development
OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"  # by the upstream's name: its address is nobody's business
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
ERROR_TYPE = "error.type"
# our own
REQUEST_ID = "voliere.request_id"
PURPOSE = "voliere.purpose"
STATUS = "voliere.status"
QUEUED = "voliere.queued_seconds"
ATTEMPTS = "voliere.attempts"
ESTIMATED = "voliere.usage.estimated"

OPERATIONS = {"embedding": "embeddings"}  # where they are not called as our kinds of models
TRACE_HEADERS = ("traceparent", "tracestate")

_incoming: ContextVar[dict[str, str] | None] = ContextVar("incoming", default=None)
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("voliere.gateway")


def arrived(request_id: str, headers: Mapping[str, str]) -> None:
    """From here on all that this task does is for that request."""
    origin.request_id.set(request_id)
    _incoming.set({name: headers[name] for name in TRACE_HEADERS if name in headers})


def begin(operation: str, model: str, provider: str) -> Span:
    operation = OPERATIONS.get(operation, str(operation))
    incoming = _incoming.get()
    return _tracer.start_span(
        f"{operation} {model}",
        _propagator.extract(incoming) if incoming else None,
        SpanKind.CLIENT,
        {OPERATION: operation, REQUEST_MODEL: model, PROVIDER: provider},
    )


def onward(span: Span) -> dict[str, str]:
    """The headers by which the upstream's own spans find this one."""
    headers: dict[str, str] = {}
    if span.get_span_context().is_valid:
        _propagator.inject(headers, trace.set_span_in_context(span))
    return headers


def end(call: "Running", consumed: "Consumption") -> None:
    if call.span.is_recording():
        call.span.set_attributes(_told(call, consumed))
        if call.error:
            call.span.set_attribute(ERROR_TYPE, call.error.code)
            call.span.set_status(Status(StatusCode.ERROR))  # without its text
    call.span.end()


def _told(call: "Running", consumed: "Consumption") -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue] = {
        REQUEST_STREAM: call.is_streamed,
        PURPOSE: str(call.wanted.purpose),
        STATUS: str(consumed.status),
        QUEUED: call.queued_ms / 1000,
        ATTEMPTS: call.attempts,
    }
    if request_id := origin.request_id.get():
        told[REQUEST_ID] = request_id
    if call.is_admitted:
        told |= {PROVIDER: call.deployment.upstream.name, RESPONSE_MODEL: call.deployment.model}
    if consumed.requests:
        told |= {INPUT_TOKENS: consumed.input_tokens, OUTPUT_TOKENS: consumed.output_tokens}
        told |= {CACHED_TOKENS: consumed.cached_tokens, ESTIMATED: consumed.estimated}
    if call.is_streamed and consumed.first_token_ms is not None:
        told[FIRST_CHUNK] = consumed.first_token_ms / 1000
    return told


class RequestIds(logging.Filter):
    """Gives every log line ` [its request's id]`."""

    def filter(self, record: logging.LogRecord) -> bool:
        request_id = origin.request_id.get()
        record.request_id = f" [{request_id}]" if request_id else ""
        return True
