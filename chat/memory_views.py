"""What Voliere remembers of a person: seen, added, corrected, deleted, switched off. Each form works without script."""

from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import holds, memory
from accounts.exceptions import NotRemembered
from accounts.models import Fact, User
from accounts.signing_in import person, sign_in_required
from chat.models import Message


@sign_in_required
@require_http_methods(["GET", "POST"])
def remembered(request: HttpRequest) -> HttpResponse:
    """The page; with `message`, the words of one's own question wait there to be confirmed."""
    user = person(request)
    text, status, error = _words_of(user, request.GET.get("message", "")), 200, ""
    if request.method == "POST":
        text = request.POST.get("text", "")
        try:
            memory.remember(user, text)
            return redirect("chat:memory")
        except NotRemembered as refused:
            status, error = refused.status, str(refused)
    limits = {"most": memory.MOST, "longest": memory.LONGEST}
    context = {
        "facts": user.facts.all(),
        "text": text,
        "error": error,
        "is_held": holds.is_held(user=user.pk),
        **limits,
    }
    return render(request, "chat/memory.html", context, status=status)


def _words_of(user: User, message: str) -> str:
    try:
        wanted = UUID(message)
    except ValueError:
        return ""
    mine = Message.objects.visible_to(user).filter(role=Message.Role.USER, id=wanted).first()
    return " ".join(mine.text.split())[: memory.LONGEST] if mine else ""


@sign_in_required
@require_POST
def correct(request: HttpRequest, fact: UUID) -> HttpResponse:
    try:
        memory.correct(_find(request, fact), request.POST.get("text", ""))
        notices.success(request, _("Saved."))
    except NotRemembered as refused:
        notices.error(request, str(refused))
    return redirect("chat:memory")


@sign_in_required
@require_POST
def forget(request: HttpRequest, fact: UUID) -> HttpResponse:
    memory.forget(person(request), _find(request, fact).pk)
    return redirect("chat:memory")


@sign_in_required
@require_POST
def forget_all(request: HttpRequest) -> HttpResponse:
    memory.forget(person(request))
    notices.success(request, _("Nothing is remembered any more."))
    return redirect("chat:memory")


@sign_in_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    User.objects.filter(id=person(request).id).update(remembers=request.POST.get("on") == "1")
    return redirect("chat:memory")


def _find(request: HttpRequest, fact: UUID) -> Fact:
    return get_object_or_404(person(request).facts, id=fact)
