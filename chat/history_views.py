"""The list of all conversations, the search in them, and what is done with a whole one."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts import holds
from accounts.signing_in import person, sign_in_required, wants_json
from chat import conversations, retention, searching
from chat.exporting.files import ALL_FORMATS
from chat.forms import MoveForm, RenameForm
from chat.history import listed, page_of, sidebar
from chat.models import Conversation, Project
from chat.views import find

FURTHEST = 280  # hits; beyond these another word finds more than turning pages


@sign_in_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    archived = "archived" in request.GET
    user = person(request)
    page = page_of(listed(user, archived=archived), request.GET.get("before", ""))
    context = {"page": page, "archived": archived, "rule": retention.rule_for(user)}
    return render(request, "chat/history.html", context)


@sign_in_required
@require_GET
def older(request: HttpRequest) -> HttpResponse:
    """The sidebar as it is now, or what follows further down: what the script puts into it."""
    user = person(request)
    if "before" in request.GET:
        page = page_of(listed(user).filter(pinned=False, project=None), request.GET["before"])
        return render(request, "chat/_sidebar_page.html", {"page": page})
    return render(request, "chat/_conversation_list.html", sidebar(user))


@sign_in_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    start = request.GET.get("start", "0")
    first = min(int(start), FURTHEST) if start.isdecimal() and len(start) < 5 else 0
    results = searching.search(person(request), text, first)
    context = {"query": text, "results": results, "next": first + searching.HITS}
    if not wants_json(request):
        return render(request, "chat/search.html", context)
    titles = [{"title": str(each), "url": each.get_absolute_url()} for each in results.titles]
    hits = [{"title": hit.title, "url": hit.address, "snippet": hit.snippet} for hit in results.hits]
    html = render_to_string("chat/_results.html", context)
    return JsonResponse({"query": text, "titles": titles, "hits": hits, "more": results.more, "html": html})


@sign_in_required
@require_GET
def options(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """All that can be done with a conversation: a page, and for the script what it shows in a dialog."""
    found = find(request, conversation)
    context = {
        "conversation": found,
        "projects": Project.objects.visible_to(found.owner),
        "formats": ALL_FORMATS,
        "ends_at": retention.ends_at(found),
        "is_held": holds.is_held(user=found.owner_id),
    }
    if wants_json(request):
        return JsonResponse({"html": render_to_string("chat/_options.html", context, request)})
    return render(request, "chat/options.html", context)


@sign_in_required
@require_POST
def rename(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    form = RenameForm(request.POST)
    if form.is_valid():
        conversations.rename(found, form.cleaned_data["title"])
    return _changed(request, found)


@sign_in_required
@require_POST
def pin(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    conversations.change(found, pinned=request.POST.get("on") == "1", archived=False)
    return _changed(request, found)


@sign_in_required
@require_POST
def archive(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    conversations.change(found, archived=request.POST.get("on") == "1", pinned=False)
    return _changed(request, found)


@sign_in_required
@require_POST
def move(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    form = MoveForm(request.POST, user=found.owner)
    if form.is_valid():
        conversations.move(found, form.cleaned_data["project"])
    return _changed(request, found)


def _changed(request: HttpRequest, found: Conversation) -> HttpResponse:
    return JsonResponse({"title": str(found)}) if wants_json(request) else redirect(found)


@sign_in_required
@require_POST
def delete(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    conversations.delete(found)
    if wants_json(request):
        return JsonResponse({"title": str(found), "undo": reverse("chat:restore", args=[found.id])})
    return redirect(f"{reverse('chat:home')}?deleted={found.id}")


@sign_in_required
@require_POST
def restore(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = {each.id: each for each in conversations.deleted_by(person(request))}.get(conversation)
    if found is None:
        raise Http404
    conversations.restore(found)
    return JsonResponse({"url": found.get_absolute_url()}) if wants_json(request) else redirect(found)
