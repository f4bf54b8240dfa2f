"""What all addresses of documents have in common: the key's scope, a thread with the database, errors told in JSON."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from django.db import InterfaceError, OperationalError

from gateway.api.http import Answer, Endpoint, Request
from gateway.callers import standing
from gateway.database import in_database
from gateway.exceptions import BooksUnavailable, GatewayError
from gateway.models import Scope
from rag.exceptions import RagError

Object = dict[str, Any]
NOT_FOR_CLIENTS = 415  # OpenAI's know 400 in its place


class Refused(GatewayError):
    """An error of ours as the gateway tells its own."""

    def __init__(self, error: RagError, param: str | None) -> None:
        super().__init__(str(error), param=param)
        self.status = 400 if error.status == NOT_FOR_CLIENTS else error.status
        self.code = error.code


@contextlib.contextmanager
def told(param: str | None = None) -> Iterator[None]:
    try:
        yield
    except RagError as error:
        raise Refused(error, param) from error
    except (OperationalError, InterfaceError) as error:
        raise BooksUnavailable from error


def reading(view: Callable[[Request], Object]) -> Endpoint:
    return _of_database(Scope.DOCUMENTS_READ, view)


def writing(view: Callable[[Request], Object]) -> Endpoint:
    return _of_database(Scope.DOCUMENTS_WRITE, view)


def allowed(scope: Scope, endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Answer:
        (await standing(request.caller)).allow(scope)
        return await endpoint(request)

    return guarded


def _of_database(scope: Scope, view: Callable[[Request], Object]) -> Endpoint:
    async def endpoint(request: Request) -> Answer:
        request.is_under_way = True  # a thread goes on though nobody waits for it any longer
        with told():
            return Answer.of(await in_database(view, request))

    return allowed(scope, endpoint)
