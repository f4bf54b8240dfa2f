"""Putting away what the house told a person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts import notifications
from accounts.models import Notification
from accounts.signing_in import person, sign_in_required


@sign_in_required
@require_POST
def put_away(request: HttpRequest, pk: int) -> HttpResponse:
    """And back to where it was read."""
    notifications.put_away(get_object_or_404(Notification, pk=pk, user=person(request)))
    back = request.headers.get("referer", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if is_ours else "preferences")
