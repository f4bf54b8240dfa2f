"""The prompt library: pages to keep it, and what the composer asks of it."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.signing_in import person, sign_in_required, wants_json
from chat.models import Prompt
from chat.offered import by_owner
from chat.offering_forms import OfferForm, PromptForm

LISTED = 20  # in the composer; who wants another one types more of its title


def managed(request: HttpRequest, prompt: UUID) -> Prompt:
    found: Prompt = get_object_or_404(Prompt.objects.managed_by(person(request)), id=prompt)
    return found


@sign_in_required
@require_GET
def prompts(request: HttpRequest) -> HttpResponse:
    user = person(request)
    visible = Prompt.objects.visible_to(user).select_related("owner")
    if wants_json(request):
        fitting = visible.filter(title__icontains=request.GET.get("q", "").replace("\x00", ""))[:LISTED]
        return JsonResponse({"prompts": [_listed(prompt, prompt.owner_id == user.pk) for prompt in fitting]})
    found = list(visible.prefetch_related("people", "teams"))
    return render(request, "chat/prompts.html", {"groups": by_owner(found, user), "is_empty": not found})


def _listed(prompt: Prompt, is_own: bool) -> dict[str, str]:
    begins = " ".join(prompt.text[:100].split())
    return {
        "title": prompt.title,
        "begins": begins,
        "by": "" if is_own else str(prompt.owner),
        "url": prompt.get_absolute_url(),
    }


@sign_in_required
@require_GET
def prompt(request: HttpRequest, prompt: UUID) -> HttpResponse:
    visible = Prompt.objects.visible_to(person(request)).select_related("owner")
    found = get_object_or_404(visible, id=prompt)
    if wants_json(request):
        return JsonResponse(found.as_json())
    return render(request, "chat/prompt.html", {"prompt": found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def create_prompt(request: HttpRequest) -> HttpResponse:
    form = PromptForm(request.POST or None, instance=Prompt(owner=person(request)))
    if form.is_valid():
        form.save()
        return redirect("chat:prompts")
    return render(request, "chat/prompt_form.html", {"form": form})


@sign_in_required
@require_http_methods(["GET", "POST"])
def edit_prompt(request: HttpRequest, prompt: UUID) -> HttpResponse:
    found = managed(request, prompt)
    form = PromptForm(request.POST or None, instance=found)
    if form.is_valid():
        form.save()
        notices.success(request, _("Saved."))
        return redirect("chat:prompts")
    return render(request, "chat/prompt_form.html", {"form": form, "prompt": found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def share_prompt(request: HttpRequest, prompt: UUID) -> HttpResponse:
    found = managed(request, prompt)
    form = OfferForm.of(found, request.POST or None)
    if form.is_valid():
        form.offer(found)
        notices.success(request, _("Saved."))
        return redirect("chat:prompts")
    return render(request, "chat/offer.html", {"form": form, "offered": found})


@sign_in_required
@require_http_methods(["GET", "POST"])
def delete_prompt(request: HttpRequest, prompt: UUID) -> HttpResponse:
    found = managed(request, prompt)
    if request.method == "POST":
        found.delete()
        notices.success(request, _("“%(name)s” was deleted.") % {"name": found})
        return redirect("chat:prompts")
    return render(request, "chat/prompt_delete.html", {"prompt": found})
