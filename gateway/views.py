"""A person's own API keys. Another's is not found; a secret is in one answer alone, which nobody keeps."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.signing_in import person, sign_in_required
from gateway import keys, once
from gateway.exceptions import KeyEnded
from gateway.key_forms import OwnKeyForm, RotationForm
from gateway.models import ApiKey


@sign_in_required
@require_GET
def own_keys(request: HttpRequest) -> HttpResponse:
    user = person(request)
    found = list(keys.of(user))
    context = {
        "groups": [
            ("", [key for key in found if not key.has_ended]),
            (_("No longer valid"), [key for key in found if key.has_ended]),
        ],
        "is_empty": not found,
        "may_create": keys.may_create(user),
        "admins": keys.admins(),
        "base_url": f"{settings.PUBLIC_URL}/v1",
    }
    return render(request, "gateway/keys.html", context)


@sign_in_required
@never_cache
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if not keys.may_create(user):
        return redirect("keys:list")  # which says why
    if once.is_done(request):
        messages.info(request, _("This is there already; its secret was shown once."))
        return redirect("keys:list")
    form = OwnKeyForm(request.POST or None, user=user)
    if not form.is_valid():
        return render(request, "gateway/key_form.html", {"form": form}, status=400 if form.is_bound else 200)
    key = form.save(commit=False)
    key.issue()
    once.note(request)
    return _issued(request, key)


@sign_in_required
@never_cache
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    key = _own(request, pk)
    if not keys.may_create(person(request)):
        return redirect("keys:list")
    form = RotationForm(request.POST or None, row=key)
    if not form.is_valid():
        return render(request, "gateway/key_rotate.html", {"form": form, "key": key})
    try:
        key.rotate(form.cleaned_data["overlap"])
    except KeyEnded as error:
        messages.error(request, str(error))
        return redirect("keys:list")
    return _issued(request, key)


@sign_in_required
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    key = _own(request, pk)
    if request.method == "GET":
        return render(request, "gateway/key_revoke.html", {"key": key})
    key.revoke()
    messages.success(request, _("“%(name)s” is revoked.") % {"name": key.name})
    return redirect("keys:list")


def _own(request: HttpRequest, pk: int) -> ApiKey:
    return get_object_or_404(keys.of(person(request)), pk=pk)


def _issued(request: HttpRequest, key: ApiKey) -> HttpResponse:
    return render(request, "gateway/key_issued.html", {"key": key, "example": keys.example(key)})
