"""Who is signed in, and how a request without one is answered: a page leads to sign-in, a script is told 401."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from allauth.account.internal.flows.login import record_authentication
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from accounts.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
View = TypeVar("View", bound=Callable[..., Any])


def person(request: HttpRequest) -> User:
    """Who is signed in; for views behind `sign_in_required`."""
    assert request.user.is_authenticated  # noqa: S101
    return request.user


def sign_in(request: HttpRequest, user: User) -> None:
    """Who has just chosen a password has shown who they are."""
    login(request, user, backend=BACKEND)
    record_authentication(request, user, method="password")


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def sign_in_required(view: View) -> View:
    guarded: Any = login_required(view)
    if iscoroutinefunction(view):

        async def asynchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return _told(request, await guarded(request, *args, **kwargs))

        return cast(View, asynchronous)

    def synchronous(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _told(request, guarded(request, *args, **kwargs))

    return cast(View, synchronous)


def _told(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    is_sent_away = response.status_code == 302 and response["Location"].startswith(str(settings.LOGIN_URL))
    if is_sent_away and wants_json(request):
        return JsonResponse({"error": "not_signed_in", "message": _("Please sign in again.")}, status=401)
    return response
