"""Inviting people, and coming in by an invitation."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import inviting, limits, passkeys
from accounts.exceptions import AddressTaken, InvitationInvalid
from accounts.invitation_forms import AcceptForm, InvitationForm, PasskeyAcceptForm
from accounts.models import Invitation
from accounts.signing_in import person, sign_in, sign_in_required


@sign_in_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitations(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if not inviting.may_invite(user):
        raise PermissionDenied
    form, link = InvitationForm(request.POST or None, user=user), ""
    if form.is_valid():
        link = inviting.invite(form.save(commit=False), user)
        form = InvitationForm(user=user)
    given = Invitation.objects.managed_by(user).open().select_related("team", "made_by")
    return render(request, "account/invitations.html", {"form": form, "link": link, "given": given})


@sign_in_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    inviting.revoke(get_object_or_404(Invitation.objects.managed_by(person(request)), pk=pk))
    messages.success(request, _("The invitation is revoked."))
    return redirect("invitations")


@never_cache
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, token: str) -> HttpResponse:
    if refusal := limits.refusal(request, "invitation", per_minute=20):
        return refusal
    with_passkey = "passkey" in request.GET
    try:
        kind = PasskeyAcceptForm if with_passkey else AcceptForm
        form = kind(request.POST or None, invitation=inviting.find(token))
        if form.is_valid():
            _come_in(request, token, form.cleaned_data)
            return redirect("chat:home")
    except AddressTaken as error:
        form.add_error(None, str(error))
    except InvitationInvalid as error:
        return render(request, "account/invitation_closed.html", status=error.status)
    js_data = passkeys.begin(request) if with_passkey else None
    return render(request, "account/invitation.html", {"form": form, "js_data": js_data})


def _come_in(request: HttpRequest, token: str, data: dict[str, Any]) -> None:
    if "credential" in data:
        passkeys.accept(request, token, data)
    else:
        sign_in(request, inviting.accept(token, data["email"], data["name"], data["password"]))
