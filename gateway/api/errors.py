"""Errors as OpenAI's clients expect them."""

from typing import Any

from django.utils import timezone

from gateway.api.http import Answer
from gateway.api.limits import limits_of
from gateway.exceptions import AnswerNotKept, GatewayError, QuotaExceeded, RateLimited, RequestTooSlow

IN_VAIN = (QuotaExceeded, AnswerNotKept)
KINDS = {403: "permission_error", 409: "idempotency_error"}


def error_object(error: GatewayError) -> dict[str, Any]:
    kind = KINDS.get(error.status, "invalid_request_error" if error.status < 500 else "server_error")
    if error.status == 429:
        kind = error.code
    return {"error": {"message": str(error), "type": kind, "param": error.param, "code": error.code}}


def refusal(error: GatewayError) -> Answer:
    answer = Answer.of(error_object(error), error.status)
    if error.retry_after is not None:
        answer.headers["retry-after"] = str(error.retry_after)
    if isinstance(error, IN_VAIN) and not isinstance(error, RateLimited):
        answer.headers["x-should-retry"] = "false"  # clients would try again at once, in vain
    if isinstance(error, QuotaExceeded) and error.refused_by:
        answer.headers |= limits_of(*error.refused_by, timezone.now())
    if isinstance(error, RequestTooSlow):
        answer.headers["connection"] = "close"  # or the rest would be waited for
    return answer
