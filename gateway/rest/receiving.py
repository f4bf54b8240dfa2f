"""A request to /api/v1 is received: who sends it, from where, and whether it was answered before.

Around every view there. Whatever goes wrong comes out as a problem.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from ninja.utils import check_csrf

from accounts import factors, notices, origin
from accounts.exceptions import FactorMissing, Invalid, NoticeMissing, NotThere, RequestError, RequestNotSigned
from accounts.rest import problems
from accounts.rest.conditions import etag_of
from gateway import idempotency, origins
from gateway.api.authentication import authenticated
from gateway.callers import Caller
from gateway.exceptions import BooksUnavailable, GatewayError, MethodNotAllowed, NotAuthenticated, RequestTooLarge
from gateway.idempotency import LONGEST, Claim
from gateway.rest import rates

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
LONGEST_KEY = 200  # characters
REPLAYED = "x-voliere-repeated"

logger = logging.getLogger(__name__)

View = Callable[..., Any]
Call = Callable[[], Awaitable[Any]]


def received(view: View) -> View:
    run = view if iscoroutinefunction(view) else sync_to_async(view)

    @csrf_exempt
    async def receive(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "OPTIONS" and origins.ASKED_FOR in request.headers:
            return HttpResponse(status=204, headers=await origins.preflight(request.headers.get("Origin", "")))
        try:
            request.caller = await _caller(request)  # type: ignore[attr-defined]
            response = await _once(request, lambda: _answered(request, run(request, *args, **kwargs)))
            if getattr(request, "is_metered", False):
                for name, value in (await rates.headers_for(request.caller)).items():  # type: ignore[attr-defined]
                    response[name] = value
        except (GatewayError, RequestError) as error:
            response = problems.response(error)
        except (OperationalError, InterfaceError):
            response = problems.response(BooksUnavailable())
        except Exception:  # a client that speaks JSON is told in JSON
            logger.exception("A request to %s failed", request.path)
            response = problems.response(GatewayError())
        return _finished(request, response)

    return receive


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    return problems.response(NotThere())


async def _caller(request: HttpRequest) -> Caller:
    """A key decides before a session does: a script that sends both means the key."""
    if "Authorization" not in request.headers:
        return await sync_to_async(_by_session)(request)
    caller = await authenticated(request.headers["Authorization"])
    request.user = caller.user
    return caller


def _by_session(request: HttpRequest) -> Caller:
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if factors.is_missing(request.user, request.session):
        raise FactorMissing
    if notices.is_due(request.user):
        raise NoticeMissing
    if request.method not in SAFE and check_csrf(request) is not None:
        raise RequestNotSigned
    return Caller(request.user)


async def _answered(request: HttpRequest, running: Awaitable[Any]) -> Any:
    response = await running
    is_read = request.method in ("GET", "PUT", "PATCH") or response.status_code == 201
    if is_read and response.status_code in (200, 201) and not response.streaming:
        response["ETag"] = getattr(request, "state", None) or etag_of(response.content)
    return response


async def _once(request: HttpRequest, call: Call) -> HttpResponseBase:
    key = request.headers.get("Idempotency-Key", "")
    if request.method != "POST" or not key or request.content_type == "multipart/form-data":
        return await call()  # type: ignore[no-any-return]
    if len(key) > LONGEST_KEY:
        raise Invalid([("Idempotency-Key", _("This is too long."))])
    body = await sync_to_async(lambda: request.body)()
    asked = f"{request.get_full_path()} {request.headers.get('Accept', '')}"
    claim = await idempotency.claim(request.caller, asked, key, body)  # type: ignore[attr-defined]
    if claim.known is not None:
        return _told_again(claim.known)
    try:
        response = await call()
    except asyncio.CancelledError:  # who asked has left; what was begun is done all the same
        await claim.spend()
        raise
    except Exception:
        await claim.forget()
        raise
    if response.status_code >= 400:
        await claim.forget()
    elif response.streaming:
        response = await _recording(response, claim)
    else:
        await _keep(claim, response, response.content)
    return response  # type: ignore[no-any-return]


async def _recording(response: StreamingHttpResponse, claim: Claim) -> StreamingHttpResponse:
    """Another response: one that its own content holds would outlast a reader who left, and the claim with it."""
    content = _recorded(response, claim)
    await anext(content)  # from here on it is closed, whatever becomes of the response
    return StreamingHttpResponse(content, status=response.status_code, headers=response.headers)


async def _recorded(response: StreamingHttpResponse, claim: Claim) -> AsyncIterator[bytes]:
    """Who leaves before the end has asked all the same: their key stays taken."""
    pieces = bytearray()
    try:
        yield b""
        async for piece in response:
            if len(pieces) <= LONGEST:
                pieces += piece
            yield piece
    except (asyncio.CancelledError, GeneratorExit):
        await claim.spend()
        raise
    except Exception:
        await claim.forget()
        raise
    await _keep(claim, response, bytes(pieces))


async def _keep(claim: Claim, response: HttpResponseBase, content: bytes) -> None:
    """What is too long was answered all the same."""
    head = {name: response[name] for name in ("Content-Type", "ETag") if name in response}
    written = json.dumps([response.status_code, head, content.decode()])
    await (claim.keep(written) if len(written) <= LONGEST else claim.spend())


def _told_again(kept: str) -> HttpResponse:
    status, head, content = json.loads(kept)
    head = head if isinstance(head, dict) else {"Content-Type": head}  # as the version before kept it
    return HttpResponse(content, status=status, headers={**head, REPLAYED: "true"})


def _finished(request: HttpRequest, response: Any) -> HttpResponse:
    if response.status_code >= 400 and response["Content-Type"] != problems.MEDIA_TYPE:
        response = _as_problem(response)
    response["x-request-id"] = origin.request_id.get()
    response.setdefault("Cache-Control", "no-store")
    if (site := request.headers.get("Origin")) and (caller := getattr(request, "caller", None)):
        for name, value in origins.told(site, caller).items():
            response[name] = value
    return response  # type: ignore[no-any-return]


def _as_problem(response: HttpResponse) -> HttpResponse:
    """What Django or the library answered by itself."""
    kinds: dict[int, Exception] = {404: NotThere(), 405: MethodNotAllowed(), 413: RequestTooLarge()}
    answer = problems.response(kinds.get(response.status_code, GatewayError() if response.status_code >= 500 else
                                         RequestError()))  # fmt: skip
    if "Allow" in response:
        answer["Allow"] = response["Allow"]
    return answer
