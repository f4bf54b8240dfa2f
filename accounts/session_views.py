"""Where a person is signed in, and signing out there."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts import sessions
from accounts.signing_in import person, sign_in_required


@sign_in_required
@never_cache
@require_GET
def own_sessions(request: HttpRequest) -> HttpResponse:
    here = request.session.session_key
    return render(request, "account/sessions.html", {"sessions": sessions.of(person(request), here)})


@sign_in_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    sessions.end(get_object_or_404(UserSession, pk=pk, user=person(request)))
    messages.success(request, _("Signed out there."))
    return redirect("sessions")


@sign_in_required
@require_POST
def end_all(request: HttpRequest) -> HttpResponse:
    """This one stays: who wants to leave here, too, signs out."""
    sessions.end_others(person(request), keep=request.session.session_key)
    messages.success(request, _("Signed out everywhere else."))
    return redirect("sessions")
