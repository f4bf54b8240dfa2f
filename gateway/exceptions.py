"""What can go wrong between a caller and a model.

GatewayError                 500  gateway_error
├── NotAuthenticated         401  invalid_api_key
├── NotAllowed               403  permission_denied
│   ├── ScopeMissing         403  scope_missing
│   └── NotInHouse           403  not_in_house
├── NotFound                 404  not_found
│   └── UnknownModel         404  model_not_found
├── MethodNotAllowed         405  method_not_allowed
├── InvalidRequest           400  invalid_request
├── RequestTooSlow           408  request_timeout
├── RequestTooLarge          413  request_too_large
├── KeyInUse                 409  idempotency_conflict
├── AnswerNotKept            409  answer_not_kept
├── KeyEnded                 409  key_ended
├── QuotaExceeded            429  insufficient_quota
│   └── RateLimited          429  rate_limit_exceeded
├── Unavailable              503  overloaded
│   ├── LineFull             503  overloaded
│   ├── Asleep               503  asleep
│   └── BooksUnavailable     503  service_unavailable
├── OutsideError             502  outside_error        of what `egress.fetch` asks
│   ├── OutsideRefused       400  address_refused
│   └── OutsideTooLarge      502  answer_too_large
├── HookFailed               502  hook_failed
├── MeterUnreadable          502  meter_unreadable
└── UpstreamError            502  upstream_error
    ├── KeyRefused           502  upstream_key_refused
    ├── UpstreamRefused      400  upstream_refused
    ├── ModelGone            502  model_gone
    ├── ContextTooLong       400  context_length_exceeded
    ├── UpstreamUnreachable  502  upstream_unreachable
    ├── UpstreamBroken       502  upstream_broken
    ├── UpstreamBusy         503  overloaded
    └── UpstreamTimeout      504  upstream_timeout

Codes are stable. The texts are for people and never carry an address, a credential or an upstream's own words.
"""

from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from gateway.models import Quota


class GatewayError(Exception):
    status = 500
    code = "gateway_error"
    text: str | Promise = _("Something went wrong on the server.")
    is_told = False  # by events of the stream that it ends

    def __init__(self, text: str | None = None, *, param: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.own_text = text
        self.param = param
        self.retry_after = retry_after  # seconds

    def __str__(self) -> str:
        return self.own_text or str(self.text)


class NotAuthenticated(GatewayError):
    status = 401
    code = "invalid_api_key"
    text = _("This needs a valid API key, sent as “Authorization: Bearer …”.")


class NotAllowed(GatewayError):
    status = 403
    code = "permission_denied"
    text = _("This account or key is no longer active.")


class ScopeMissing(NotAllowed):
    code = "scope_missing"
    text = _("This key is not meant for this.")


class NotInHouse(NotAllowed):
    code = "not_in_house"
    text = _("This is confidential, and the model does not run in the house. Choose another model.")


class NotFound(GatewayError):
    status = 404
    code = "not_found"
    text = _("There is nothing at this address.")


class UnknownModel(NotFound):
    code = "model_not_found"
    text = _("There is no such model, or it is not offered to you.")


class MethodNotAllowed(GatewayError):
    status = 405
    code = "method_not_allowed"
    text = _("This address does not take this method.")


class InvalidRequest(GatewayError):
    status = 400
    code = "invalid_request"


class RequestTooSlow(GatewayError):
    status = 408
    code = "request_timeout"
    text = _("The request did not arrive in time.")


class RequestTooLarge(GatewayError):
    status = 413
    code = "request_too_large"
    text = _("The request is too large.")


class QuotaExceeded(GatewayError):
    status = 429
    code = "insufficient_quota"
    refused_by: "tuple[Quota, int] | None" = None  # and what is left of it


class RateLimited(QuotaExceeded):
    """One that passes within a minute: clients may try again by themselves."""

    code = "rate_limit_exceeded"


class KeyInUse(GatewayError):
    status = 409
    code = "idempotency_conflict"
    text = _("This Idempotency-Key belongs to another request.")


class AnswerNotKept(GatewayError):
    """Whoever asked first hung up, or it was a very long one."""

    status = 409
    code = "answer_not_kept"
    text = _(
        "The first request with this Idempotency-Key was begun, but its answer was not kept. "
        "Look what came of it before you send it with another key."
    )


class KeyEnded(GatewayError):
    status = 409
    code = "key_ended"
    text = _("This key is revoked or has expired. Please create a new one.")


class Unavailable(GatewayError):
    status = 503
    code = "overloaded"


class LineFull(Unavailable):
    text = _("Too many are waiting for this model already. Please try again later.")


class Asleep(Unavailable):
    code = "asleep"
    text = _("The model is asleep.")


class BooksUnavailable(Unavailable):
    code = "service_unavailable"
    text = _("The server cannot reach its database. Please try again in a moment.")


class OutsideError(GatewayError):
    status = 502
    code = "outside_error"
    text = _("The other server cannot be reached, or took too long.")


class OutsideRefused(OutsideError):
    status = 400
    code = "address_refused"
    text = _("This address cannot be used: it has to be a public one that begins with https:// or http://.")


class OutsideTooLarge(OutsideError):
    code = "answer_too_large"
    text = _("The other server sent too much.")


class HookFailed(GatewayError):
    """For the panel alone: why a server was not started or stopped."""

    status = 502
    code = "hook_failed"


class MeterUnreadable(GatewayError):
    """For the panel alone: no call waits for a meter."""

    status = 502
    code = "meter_unreadable"


class UpstreamError(GatewayError):
    status = 502
    code = "upstream_error"
    is_passing = True  # another server may well answer
    answered = 0  # with this status, where it did
    words = ""  # its own, which may quote a question, an address or a key: for whoever tries it out, and for no log
    text = _("The model server could not answer.")


class KeyRefused(UpstreamError):
    code = "upstream_key_refused"
    text = _("The model server does not accept the API key that is entered for it.")


class UpstreamRefused(UpstreamError):
    status = 400
    code = "upstream_refused"
    is_passing = False
    text = _("The model server did not accept this request.")


class ModelGone(UpstreamError):
    code = "model_gone"
    text = _("The model server does not know this model any more.")


class ContextTooLong(UpstreamError):
    status = 400
    code = "context_length_exceeded"
    is_passing = False
    # clients know it by its first words
    text = _("This model's maximum context length is exceeded: it cannot take in that much text at once.")


class UpstreamUnreachable(UpstreamError):
    code = "upstream_unreachable"
    text = _("The model server cannot be reached.")


class UpstreamBroken(UpstreamError):
    code = "upstream_broken"
    text = _("The model server broke off its answer or sent something that is none.")


class UpstreamBusy(UpstreamError):
    status = 503
    code = "overloaded"
    text = _("The model server is busy. Please try again in a moment.")


class UpstreamTimeout(UpstreamError):
    status = 504
    code = "upstream_timeout"
    text = _("The model server took too long.")
