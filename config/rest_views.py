"""The pages beside /api/v1: its documentation, and what its problems mean."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.exceptions import AccountError, RequestError
from accounts.rest import problems
from accounts.signing_in import sign_in_required, wants_json
from chat.exceptions import ChatError
from gateway.exceptions import GatewayError
from rag.exceptions import RagError

TREES: tuple[type[Any], ...] = (RequestError, GatewayError, AccountError, RagError, ChatError)


@sign_in_required
@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    shown = {"url": reverse("api:description"), "layout": "BaseLayout", "deepLinking": True, "docExpansion": "none"}
    return render(request, "rest/docs.html", {"settings": shown})


@require_GET
def problem(request: HttpRequest, code: str) -> HttpResponse:
    """What the `type` of a problem leads to."""
    kind = next((kind for root in TREES for kind in problems.kinds(root) if kind.code == code), None)
    if kind is None:
        raise Http404
    shown = {"code": code, "status": kind.status, "title": str(problems.sentence_of(kind) or kind.__name__)}
    return JsonResponse(shown) if wants_json(request) else render(request, "rest/problem.html", shown)
