"""Operations: which scope of a key opens one, and what its caller's role has to allow."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from accounts import roles
from accounts.exceptions import Invalid, NotPermitted, OutOfScope
from accounts.models import User
from accounts.rest.bodies import is_storable
from accounts.rest.conditions import with_state
from accounts.roles import May

SESSION = "session"  # no key opens it
ANY = ""  # every key does
WRITING = {"POST", "PUT", "PATCH", "DELETE"}

Row = TypeVar("Row", bound=Model)


class Principal(Protocol):
    """Who calls; `gateway.callers.Caller` is one."""

    @property
    def user(self) -> User: ...

    @property
    def scopes(self) -> frozenset[str] | None: ...


def principal(request: HttpRequest) -> Principal:
    return cast(Principal, request.caller)  # type: ignore[attr-defined]  # set where a request is received


class Guard:
    """Runs before anything of the request is read."""

    def __init__(self, scope: str, may: May | None) -> None:
        self.scope, self.may = scope, may
        self.names: set[str] = set()  # that a query may hold

    def __call__(self, request: HttpRequest) -> bool:
        caller = principal(request)
        if caller.scopes is not None and self.scope and self.scope not in caller.scopes:
            raise OutOfScope
        if self.may and not roles.may(caller.user, self.may):
            raise NotPermitted
        known_names(request, self.names)
        return True


class Operations(Router):
    """Those that read are opened by the scope `read`, all others by `write`; in the same way for what roles may."""

    def __init__(self, tag: str, *, read: str, write: str, see: May | None = None, change: May | None = None) -> None:
        super().__init__(tags=[tag])
        self.reading, self.writing = (read, see), (write, change)

    def api_operation(self, methods: list[str], path: str, **more: Any) -> Callable[[Any], Any]:
        guard = Guard(*(self.writing if WRITING & set(methods) else self.reading))
        register = super().api_operation(methods, path, **{**more, "auth": [guard]})

        def registered(plain: Any) -> Any:
            view: Any = with_state(plain)
            found = register(view)
            models = [each for each in view._ninja_operation.models if each.__ninja_param_source__ == "query"]
            guard.names = {name for model in models for name in model.__ninja_flatten_map__}
            return found

        return registered


def known_names(request: HttpRequest, allowed: set[str]) -> None:
    """Raises `Invalid` for what a query names and the operation does not take, and for what cannot be stored."""
    wrong = [(name, _("There is no such parameter.")) for name in request.GET if name not in allowed]
    wrong += [(name, _("This cannot be stored.")) for name, value in request.GET.items() if not is_storable(str(value))]
    if wrong:
        raise Invalid(wrong)


def found(rows: "QuerySet[Row]", **wanted: Any) -> Row:
    """A foreign one is as unknown as a wrong one."""
    row = rows.filter(**wanted).first()
    if row is None:
        raise Http404
    return row


def locked(rows: "QuerySet[Row]", **wanted: Any) -> Row:
    """Until the end of the transaction nobody else changes it."""
    return found(rows.select_for_update(of=("self",), no_key=True), **wanted)
