"""Conversations shown to others: who gives them, who reads them. A stranger's share is as unknown as a wrong one."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.acting import reads_as_its_person
from accounts.signing_in import person, sign_in_required
from chat import sharing
from chat.exceptions import NothingToShare
from chat.forms import ShareForm
from chat.models import Share
from chat.views import find


@sign_in_required
@require_http_methods(["GET", "POST"])
def share(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    shown = Share.objects.filter(conversation=found).first()
    form = ShareForm(request.POST or None, user=found.owner, initial=_audience(shown))
    if form.is_valid():
        try:
            form.share(found)
        except NothingToShare as error:
            notices.error(request, str(error))
        return redirect("chat:share", found.id)
    context: dict[str, object] = {"conversation": found, "share": shown, "form": form}
    if shown:
        link = request.build_absolute_uri(shown.get_absolute_url())
        context |= {"link": link, "behind": sharing.is_behind(shown)}
    return render(request, "chat/share.html", context)


def _audience(shown: Share | None) -> dict[str, object]:
    if shown is None:
        return {}
    people = shown.people.order_by("email").values_list("email", flat=True)
    audience = ShareForm.EVERYONE if shown.everyone else ShareForm.NAMED
    return {"audience": audience, "people": "\n".join(people), "teams": shown.teams.all()}


@sign_in_required
@require_POST
def update_share(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = get_object_or_404(Share.objects.managed_by(person(request)), conversation=conversation)
    try:
        sharing.update(found)
    except NothingToShare as error:
        notices.error(request, str(error))
    return redirect("chat:share", conversation)


@sign_in_required
@require_POST
def revoke_share(request: HttpRequest, conversation: UUID) -> HttpResponse:
    sharing.take_back(get_object_or_404(Share.objects.managed_by(person(request)), conversation=conversation))
    notices.success(request, _("It is no longer shared."))
    return redirect("chat:shares")


@sign_in_required
@require_GET
def shares(request: HttpRequest) -> HttpResponse:
    user = person(request)
    own = Share.objects.managed_by(user).prefetch_related("people", "teams")
    given = Share.objects.given_to(user).select_related("conversation__owner")
    return render(request, "chat/shares.html", {"own": own, "given": given})


@sign_in_required
@require_GET
@reads_as_its_person
def shared(request: HttpRequest, share: UUID) -> HttpResponse:
    reader = person(request)
    visible = Share.objects.visible_to(reader).select_related("conversation__owner")
    found = get_object_or_404(visible, id=share)
    messages = sharing.seen_by(reader, sharing.branch(found))
    return render(request, "chat/shared.html", {"share": found, "messages_seen": messages})


@sign_in_required
@require_POST
def copy_share(request: HttpRequest, share: UUID) -> HttpResponse:
    reader = person(request)
    found = get_object_or_404(Share.objects.visible_to(reader).select_related("conversation"), id=share)
    return redirect(sharing.copy(found, reader))
