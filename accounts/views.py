from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import setup
from accounts.exceptions import AccountError
from accounts.forms import PreferencesForm, SetupForm, ThemeForm
from accounts.signing_in import person, sign_in, sign_in_required, wants_json


@never_cache
@require_http_methods(["GET", "POST"])
def set_up(request: HttpRequest, token: str) -> HttpResponse:
    form = SetupForm(request.POST or None)
    try:
        setup.check_token(token)
        if form.is_valid():
            data = form.cleaned_data
            user = setup.create_admin(data["email"], data["password"], data["name"])
            sign_in(request, user)
            return redirect("chat:home")
    except AccountError as error:
        return render(request, "account/setup_closed.html", status=error.status)
    return render(request, "account/setup.html", {"form": form})


@sign_in_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, instance=person(request))
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("preferences")
    return render(request, "account/preferences.html", {"form": form})


@sign_in_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Without the rest of the preferences."""
    form = ThemeForm(request.POST, instance=person(request))
    if not form.is_valid():
        return HttpResponse(status=400)
    form.save()
    return HttpResponse(status=204) if wants_json(request) else redirect("preferences")
