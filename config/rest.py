"""/api/v1, put together of what each room offers of it, and its errors of what can go wrong in each."""

import logging
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import URLPattern, path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.renderers import BaseRenderer
from pydantic_core import to_json

from accounts.exceptions import AccountError, Invalid, InvalidBody, NotThere, Overtaken, RequestError
from accounts.rest import audit, invitations, me, people, problems
from accounts.rest.bodies import StrictParser
from chat.exceptions import ChatError
from chat.rest import assistants, conversations, messages, projects, prompts, receipts, sharing
from config import rest_data, rest_views
from config.described import described
from gateway.exceptions import BooksUnavailable, GatewayError, RequestTooLarge
from gateway.rest import aliases, house_webhooks, keys, models, own_keys, quotas, servers, usage, webhooks
from gateway.rest.receiving import nothing_here, received
from rag.exceptions import RagError
from rag.rest import collections, documents, jobs, members, searches

OURS = (AccountError, RequestError, GatewayError, RagError, ChatError)

logger = logging.getLogger(__name__)


class Renderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return to_json(data)


class Rest(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> Any:
        return described(self)


api = Rest(urls_namespace="api", title="Voliere", docs_url=None, openapi_url=None,
           parser=StrictParser(), renderer=Renderer())  # fmt: skip
for routers in (
    (me, people, invitations, audit),
    (models, own_keys, webhooks, usage, keys, servers, aliases, quotas, house_webhooks),
    (collections, members, documents, searches, jobs),
    (conversations, messages, receipts, sharing, assistants, prompts, projects),
    (rest_data,),
):
    for module in routers:
        api.add_router("", module.operations)


def refused(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.response(error)


def invalid(request: HttpRequest, error: Any) -> HttpResponse:
    """Without the library's own names for where in a request a field stands."""
    fields = [(".".join(map(str, each["loc"][2 if each["loc"][0] == "body" else 1 :])), each["msg"])
              for each in error.errors]  # fmt: skip
    return problems.response(Invalid(fields))


def unknown(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.response(NotThere())


def unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.response(RequestTooLarge() if isinstance(error, RequestDataTooBig) else InvalidBody())


def parsed(request: HttpRequest, error: Any) -> HttpResponse:
    """The library hides what is wrong with a body behind an error of its own."""
    cause = error.__cause__
    return refused(request, cause) if isinstance(cause, OURS) else unreadable(request, cause or error)


def without_books(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.response(BooksUnavailable())


def not_stored(request: HttpRequest, error: Any) -> HttpResponse:
    return problems.response(Invalid())


def overtaken(request: HttpRequest, error: Any) -> HttpResponse:
    """Forms look before they store; what came in between, the database refuses."""
    logger.warning("A request to %s was overtaken", request.path)
    return problems.response(Overtaken())


def broken(request: HttpRequest, error: Any) -> HttpResponse:
    logger.error("A request to %s failed", request.path, exc_info=error)
    return problems.response(GatewayError())


HANDLED: list[tuple[type[Exception], Any]] = [
    *((kind, refused) for kind in OURS),
    *((kind, unreadable) for kind in (SuspiciousOperation, MultiPartParserError, UnreadablePostError, BadRequest)),
    *((kind, without_books) for kind in (OperationalError, InterfaceError)),
    (DataError, not_stored),
    (IntegrityError, overtaken),
    (HttpError, parsed),
    (ValidationError, invalid),
    (Http404, unknown),
    (Exception, broken),
]
for kind, handler in HANDLED:
    api.add_exception_handler(kind, handler)


def described_to(request: HttpRequest) -> HttpResponse:
    return HttpResponse(to_json(api.get_openapi_schema()), content_type="application/json")


def urlpatterns() -> list[URLPattern]:
    """Every view of the library as a request is received, and nothing else below it."""
    found, _app, _namespace = api.urls
    ours = [
        URLPattern(each.pattern, received(each.callback), name=each.name)
        for each in found
        if isinstance(each, URLPattern) and each.name != "api-root"
    ]
    description = path("openapi.json", received(described_to), name="description")
    return [description, *ours, path("<path:rest>", received(nothing_here), name="nothing")]


pages = [
    path("docs", rest_views.docs, name="api-docs"),
    path("problems/<slug:code>", rest_views.problem, name="problem"),
]
