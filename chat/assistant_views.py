"""The pages of assistants. One that is not shared with a person is as unknown to them as a wrong id."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.signing_in import person, sign_in_required
from chat.choosing import Current
from chat.models import Assistant
from chat.offered import by_owner
from chat.offering_forms import AssistantForm, OfferForm


def managed(request: HttpRequest, assistant: UUID) -> Assistant:
    found: Assistant = get_object_or_404(Assistant.objects.managed_by(person(request)), id=assistant)
    return found


@sign_in_required
@require_GET
def assistants(request: HttpRequest) -> HttpResponse:
    user = person(request)
    visible = Assistant.objects.visible_to(user).select_related("owner").prefetch_related("people", "teams")
    found = list(visible)
    return render(request, "chat/assistants.html", {"groups": by_owner(found, user), "is_empty": not found})


@sign_in_required
@require_GET
def assistant(request: HttpRequest, assistant: UUID) -> HttpResponse:
    user = person(request)
    found = get_object_or_404(Assistant.objects.visible_to(user).select_related("owner"), id=assistant)
    seen = found.seen_by(user)
    return render(request, "chat/assistant.html", {"assistant": found, "current": Current(seen), "seen": seen})


@sign_in_required
@require_http_methods(["GET", "POST"])
def create_assistant(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = AssistantForm(request.POST or None, user=user, instance=Assistant(owner=user))
    if form.is_valid():
        return redirect(form.save())
    return render(request, "chat/assistant_form.html", {"form": form})


@sign_in_required
@require_http_methods(["GET", "POST"])
def edit_assistant(request: HttpRequest, assistant: UUID) -> HttpResponse:
    found = managed(request, assistant)
    form = AssistantForm(request.POST or None, user=found.owner, instance=found)
    if form.is_valid():
        notices.success(request, _("Saved."))
        return redirect(form.save())
    return render(request, "chat/assistant_form.html", {"form": form, "assistant": found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def share_assistant(request: HttpRequest, assistant: UUID) -> HttpResponse:
    found = managed(request, assistant)
    form = OfferForm.of(found, request.POST or None)
    if form.is_valid():
        form.offer(found)
        notices.success(request, _("Saved."))
        return redirect(found)
    return render(request, "chat/offer.html", {"form": form, "offered": found, "assistant": found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def delete_assistant(request: HttpRequest, assistant: UUID) -> HttpResponse:
    """Conversations with it stay; they go on with a model."""
    found = managed(request, assistant)
    if request.method == "POST":
        found.delete()
        notices.success(request, _("“%(name)s” was deleted.") % {"name": found})
        return redirect("chat:assistants")
    return render(request, "chat/assistant_delete.html", {"assistant": found})
