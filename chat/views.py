"""The pages of the chat. Everything is found through `visible_to`: a stranger's id is as unknown as a wrong one.

Each form works as a plain form and, asked for JSON by the page's script, without leaving the page.
"""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.acting import reads_as_its_person
from accounts.signing_in import person, sign_in_required, wants_json
from chat import asking, attachments, beginning, citations, conversations
from chat.exceptions import ChatError
from chat.forms import AskForm, WindowForm
from chat.models import Citation, Conversation, Message, Project
from chat.windows import Window
from rag.exceptions import UploadRefused
from rag.models import Document


def find(request: HttpRequest, conversation: UUID) -> Conversation:
    return get_object_or_404(Conversation.objects.visible_to(person(request)), id=conversation)


def window(request: HttpRequest, conversation: Conversation) -> Window:
    form = WindowForm(request.GET)
    return Window.of(conversation, **form.cleaned_data) if form.is_valid() else Window.of(conversation)


def refusal(request: HttpRequest, error: ChatError | UploadRefused, back: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"error": error.code, "message": str(error)}, status=error.status)
    notices.error(request, str(error))
    return redirect(back)


@sign_in_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    user = person(request)
    deleted = {str(conversation.id): conversation for conversation in conversations.deleted_by(user)}
    page = conversations.page(user, None)
    # a collection of a project need not be chosen: it is asked anyway
    page |= {"project": project_in(request), "deleted": deleted.get(request.GET.get("deleted", ""))}
    return render(request, "chat/conversation.html", page)


def project_in(request: HttpRequest) -> Project | None:
    """The project that a new conversation is to belong to; another's is as unknown as a wrong one."""
    try:
        wanted = UUID(request.GET["project"])
    except (KeyError, ValueError):
        return None
    return get_object_or_404(Project.objects.visible_to(person(request)), id=wanted)


@sign_in_required
@require_GET
@reads_as_its_person
def conversation(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    page = conversations.page(found.owner, found, window(request, found))
    return render(request, "chat/conversation.html", page | {"project": found.project})


@sign_in_required
@require_GET
@reads_as_its_person
def messages(request: HttpRequest, conversation: UUID) -> HttpResponse:
    """The messages alone: what a tab shows again after its socket was away, or earlier ones."""
    found = find(request, conversation)
    return render(request, "chat/_messages.html", {"conversation": found, "window": window(request, found)})


@sign_in_required
@require_POST
async def create(request: HttpRequest) -> HttpResponse:
    """A new conversation; with a text, its first question is asked."""
    new = await sync_to_async(_new)(request)
    if request.POST.get("text", "").strip() or not wants_json(request):
        return await _ask(request, new)
    return JsonResponse({"id": str(new.id), "url": new.get_absolute_url()}, status=201)


def _new(request: HttpRequest) -> Conversation:
    return Conversation.objects.create(owner=person(request), project=project_in(request))


@sign_in_required
@require_POST
async def ask(request: HttpRequest, conversation: UUID) -> HttpResponse:
    return await _ask(request, await sync_to_async(find)(request, conversation))


async def _ask(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    form = AskForm(request.POST)
    try:
        new = await sync_to_async(form.ask)(conversation)
    except ChatError as error:
        return refusal(request, error, conversation.get_absolute_url())
    return await begin(request, new)


@sign_in_required
@require_POST
async def retry(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = await sync_to_async(find)(request, conversation)
    broken = await sync_to_async(get_object_or_404)(found.messages.select_related("parent"), id=message)
    try:
        answer = await sync_to_async(asking.retry)(broken)
    except ChatError as error:
        return refusal(request, error, found.get_absolute_url())
    return await begin(request, [answer])


async def begin(request: HttpRequest, new: Sequence[Message]) -> HttpResponse:
    """Show what is new in every tab, then begin to write the answers."""
    conversation = new[-1].conversation
    asked = await beginning.begin(new)
    if wants_json(request):
        return JsonResponse({"url": conversation.get_absolute_url(), **asked}, status=201)
    return redirect(conversation)


@sign_in_required
@require_POST
def stop(request: HttpRequest, conversation: UUID, message: UUID) -> HttpResponse:
    found = find(request, conversation)
    asking.stop(get_object_or_404(found.messages, id=message))
    return HttpResponse(status=204) if wants_json(request) else redirect(found)


@sign_in_required
@require_POST
def attach(request: HttpRequest, conversation: UUID) -> HttpResponse:
    found = find(request, conversation)
    try:
        documents = [attachments.attach(found, file) for file in request.FILES.getlist("files")]
    except UploadRefused as error:
        return refusal(request, error, found.get_absolute_url())
    if not wants_json(request):
        return redirect(found)
    return JsonResponse({"documents": [attachments.chip(found, document) for document in documents]}, status=201)


@sign_in_required
@require_POST
def detach(request: HttpRequest, conversation: UUID, document: UUID) -> HttpResponse:
    found = find(request, conversation)
    attached = Document.objects.filter(collection=found.attachments_id)
    get_object_or_404(attached, id=document).delete()
    return HttpResponse(status=204) if wants_json(request) else redirect(found)


@sign_in_required
@require_GET
@reads_as_its_person
def source(request: HttpRequest, message: UUID, number: int) -> HttpResponse:
    """Open the document at what answers; when it is gone or no longer shared, the passage as it was quoted."""
    user = person(request)
    mine = Citation.objects.filter(message__in=Message.objects.visible_to(user))
    citation = get_object_or_404(mine.select_related("message__conversation"), message=message, number=number)
    ways = citations.ways(citation)
    open_to = Document.objects.visible_to(user)
    document = open_to.filter(id=citation.document_id).first() if citation.document_id else None
    if document and document.has_version(citation.version):
        span = {"version": citation.version, "start": citation.focus_start, "end": citation.focus_end}
        query = urlencode({**span, **ways})
        return redirect(f"{reverse('rag:document', args=[citation.document_id])}?{query}#passage")
    return render(request, "chat/source.html", {"citation": citation, **ways})
