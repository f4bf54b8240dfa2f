"""A person's own data: their copy of it, and the way to its end. For admins the latter, of others."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core.exceptions import ReauthenticationRequired
from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import roles
from accounts.exceptions import AccountError
from accounts.models import DataExport, Erasure, User
from accounts.roles import May
from accounts.signing_in import person, sign_in_required
from config import certificates, erasing, exporting, personal_data
from config.data_forms import ConfirmForm, HeirsForm, PanelConfirmForm, PanelHeirsForm

PIECE = 256 * 1024  # bytes
HEIRS = "erasure_heirs"  # in the session, from one step to the next


@sign_in_required
@never_cache
@require_GET
def own_data(request: HttpRequest) -> HttpResponse:
    user = person(request)
    exports = DataExport.objects.filter(user=user)
    context = {"exports": exports, "is_waiting": exports.filter(state=DataExport.State.WAITING).exists()}
    return render(request, "data/own_data.html", {**context, "erasure": erasing.open_for(user)})


@sign_in_required
@require_POST
def begin_export(request: HttpRequest) -> HttpResponse:
    exporting.begin(person(request))
    messages.success(request, _("Your copy is being put together. It will stand here; you need not wait."))
    return redirect("data")


@sign_in_required
@require_GET
def download_export(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    mine = DataExport.objects.filter(user=person(request), state=DataExport.State.READY, expires_at__gt=timezone.now())
    return sent(get_object_or_404(mine, pk=pk))


def sent(export: DataExport) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_pieces(export.file.open("rb")), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="voliere-{export.requested_at:%Y-%m-%d}.zip"'
    response["Content-Length"] = str(export.size)
    response["Cache-Control"] = "no-store"
    return response


async def _pieces(file: "File[bytes]") -> AsyncIterator[bytes]:
    read, close = sync_to_async(file.read), sync_to_async(file.close)
    try:
        while piece := await read(PIECE):
            yield piece
    finally:
        await close()


@sign_in_required
@never_cache
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """The first step: what goes, what stays, and who gets what others use."""
    user = person(request)
    if erasing.open_for(user):
        return redirect("data")
    form = HeirsForm(request.POST if request.method == "POST" else None, heirlooms=personal_data.to_hand_over(user))
    if request.method == "POST" and form.is_valid():
        request.session[HEIRS] = form.heirs
        return redirect("erase-confirm")
    return render(request, "data/erase.html", {"form": form, "is_held": erasing.is_held(user)})


@sign_in_required
@never_cache
@require_http_methods(["GET", "POST"])
def confirm_erasure(request: HttpRequest) -> HttpResponse:
    """The second step, after the password or a passkey was asked for."""
    _ask_who_it_is(request)
    if HEIRS not in request.session:
        return redirect("erase")
    user = person(request)
    form = ConfirmForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            erasure = erasing.ask(user, Erasure.Asked.PERSON, request.session.pop(HEIRS))
        except AccountError as error:
            messages.error(request, str(error))
            return redirect("data")
        if erasure.state == Erasure.State.WAITING:
            messages.warning(request, _("A legal hold is on your data. They are erased when it ends."))
            return redirect("data")
        logout(request)
        return redirect("erased", erasure.code)
    return render(request, "data/erase_confirm.html", {"form": form, "is_held": erasing.is_held(user)})


@sign_in_required
@require_POST
def withdraw_erasure(request: HttpRequest) -> HttpResponse:
    erasing.withdraw(person(request))
    return redirect("data")


@never_cache
@require_GET
def erased(request: HttpRequest, code: str) -> HttpResponse:
    """For who was erased, by a link that only they were given."""
    erasure = erasing.by_code(code)
    if erasure is None:
        return render(request, "404.html", status=404)
    if "download" in request.GET and erasure.state == Erasure.State.DONE:
        return certificate_file(erasure)
    response = render(request, "data/erased.html", {"erasure": erasure, "certificate": certificates.text(erasure)})
    response["Clear-Site-Data"] = '"storage"'  # drafts lie in the browser
    return response


def certificate_file(erasure: Erasure) -> HttpResponse:
    response = HttpResponse(certificates.text(erasure), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="erasure-{erasure.pk}.txt"'
    return response


@require_http_methods(["GET", "POST"])
def erase_person(request: HttpRequest, pk: UUID) -> HttpResponse:
    """In the panel: an admin erases somebody."""
    if not roles.may(request.user, May.CHANGE_SETTINGS):
        raise PermissionDenied
    _ask_who_it_is(request)
    user = get_object_or_404(User, pk=pk)
    form = PanelConfirmForm(request.POST or None, user=user)
    heirs = PanelHeirsForm(request.POST or None, heirlooms=personal_data.to_hand_over(user))
    if request.method == "POST" and form.is_valid() and heirs.is_valid():
        try:
            erasure = erasing.ask(user, Erasure.Asked.ADMIN, heirs.heirs)
            return redirect("admin:accounts_erasure_change", erasure.pk)
        except AccountError as error:
            messages.error(request, str(error))
    context: dict[str, Any] = {"form": form, "heirs": heirs, "person": user, "is_held": erasing.is_held(user)}
    context |= {"title": _("Erase %(name)s") % {"name": user}, **admin.site.each_context(request)}
    return render(request, "data/panel_erase.html", context)


def _ask_who_it_is(request: HttpRequest) -> None:
    """By password, passkey or app, also of who has just signed in. Who has none of them comes by single sign-on."""
    if not did_recently_reauthenticate(request):
        raise ReauthenticationRequired
