"""A person's own webhooks. Another's is not found; a secret is in one answer alone, which nobody keeps."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.signing_in import person, sign_in_required
from gateway import deliveries, keys, once, webhooks
from gateway.key_forms import RotationForm
from gateway.models import Webhook
from gateway.webhook_forms import OwnWebhookForm

SHOWN = 50  # deliveries


@sign_in_required
@require_GET
def own_webhooks(request: HttpRequest) -> HttpResponse:
    user = person(request)
    context = {
        "webhooks": Webhook.objects.of(user),
        "may_create": keys.may_create(user),
        "admins": keys.admins(),
    }
    return render(request, "gateway/webhooks.html", context)


@sign_in_required
@never_cache
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if not keys.may_create(user):
        return redirect("webhooks:list")  # which says why
    if once.is_done(request):
        messages.info(request, _("This is there already; its secret was shown once."))
        return redirect("webhooks:list")
    form = OwnWebhookForm(request.POST or None, user=user)
    if not form.is_valid():
        return render(request, "gateway/webhook_form.html", {"form": form}, status=400 if form.is_bound else 200)
    webhook = form.save(commit=False)
    webhook.issue()
    once.note(request)
    return render(request, "gateway/webhook_issued.html", {"webhook": webhook})


@sign_in_required
@require_GET
def log(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _own(request, pk)
    recent = webhook.deliveries.prefetch_related("attempts")[:SHOWN]
    return render(request, "gateway/webhook.html", {"webhook": webhook, "deliveries": recent})


@sign_in_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _own(request, pk)
    form = OwnWebhookForm(request.POST or None, user=person(request), instance=webhook)
    if not form.is_valid():
        context = {"form": form, "webhook": webhook}
        return render(request, "gateway/webhook_form.html", context, status=400 if form.is_bound else 200)
    webhooks.change(form.instance, form.changed_data)
    messages.success(request, _("Saved."))
    return redirect("webhooks:log", pk)


@sign_in_required
@never_cache
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _own(request, pk)
    form = RotationForm(request.POST or None, row=webhook)
    if not form.is_valid():
        return render(request, "gateway/webhook_rotate.html", {"form": form, "webhook": webhook})
    webhook.rotate(form.cleaned_data["overlap"])
    return render(request, "gateway/webhook_issued.html", {"webhook": webhook})


@sign_in_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _own(request, pk)
    if request.method == "GET":
        return render(request, "gateway/webhook_delete.html", {"webhook": webhook})
    webhooks.remove(webhook)
    messages.success(request, _("“%(name)s” was deleted.") % {"name": webhook.name})
    return redirect("webhooks:list")


@sign_in_required
@require_POST
def switch_on(request: HttpRequest, pk: int) -> HttpResponse:
    _own(request, pk).switch_on()
    return redirect("webhooks:log", pk)


@sign_in_required
@require_POST
def replay(request: HttpRequest, pk: int, delivery: UUID) -> HttpResponse:
    deliveries.replay(get_object_or_404(_own(request, pk).deliveries, pk=delivery))
    messages.success(request, _("It is sent again within seconds."))
    return redirect("webhooks:log", pk)


def _own(request: HttpRequest, pk: int) -> Webhook:
    return get_object_or_404(Webhook.objects.of(person(request)), pk=pk)
